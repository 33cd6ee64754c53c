import os
import random
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.demo import Demo, running_demo


def ended_at_once(demo: Demo) -> str:
    """What a demo that could not start wrote to stderr; it must be one line."""
    _, stderr = demo.process.communicate(timeout=60)
    assert demo.process.returncode == 1
    assert len(stderr.strip().splitlines()) == 1, stderr
    demo.wait_until_gone()
    assert not demo.ready_file.exists()
    return stderr


def test_it_opens_for_business_and_ctrl_c_ends_all_of_it(folder: Path) -> None:
    demo = Demo(folder)
    demo.start()
    demo.wait_until_ready()
    ready = demo.ready
    assert {login["role"] for login in ready["logins"]} == {
        "company admin",
        "member",
        "support staff",
    }
    assert requests.get(f"{ready['web']}/admin/login/", timeout=10).ok
    answer = requests.get(
        f"{ready['salesforce']}/services/data/v66.0/query",
        {"q": "SELECT Id FROM Organization"},
        headers={"Authorization": f"Bearer {ready['salesforce_access_token']}"},
        timeout=10,
    )
    assert answer.json()["records"][0]["Id"] == ready["org_id"]
    assert stat.S_IMODE(demo.ready_file.stat().st_mode) == 0o600

    second = Demo(folder)
    second.start()
    assert "Another demo is running in" in ended_at_once_beside(second)

    environment_file = next(folder.glob("*/env.sh"))
    assert stat.S_IMODE(environment_file.stat().st_mode) == 0o600
    sourced = subprocess.run(
        ["sh", "-c", '. "$0" && printf %s "$DATABASE_URL"', environment_file],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sourced.stdout == ready["env"]["DATABASE_URL"]
    command = "from integrations.models import *; print(Connection.objects.get().state)"
    assert demo.manage("shell", "--no-imports", "-c", command).strip() == "connected"

    stdout, stderr = demo.end(signal.SIGINT)
    assert demo.process.returncode == 0
    assert stderr == ""
    assert "Five things to try first" in stdout
    demo.wait_until_gone(seconds=1)
    assert not demo.ready_file.exists()


def ended_at_once_beside(second: Demo) -> str:
    """As ``ended_at_once``, where the first demo and its ready file must live on."""
    _, stderr = second.process.communicate(timeout=60)
    assert second.process.returncode == 1
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert second.ready_file.exists()
    return stderr


@pytest.mark.parametrize("taken", ["port", "org_port"])
def test_a_port_in_use_is_named_with_the_option_that_helps(folder: Path, taken: str) -> None:
    demo = Demo(folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", getattr(demo, taken)))
        listener.listen()
        demo.start()
        line = ended_at_once(demo)
    option = taken.replace("_", "-")
    assert f"Port {getattr(demo, taken)} cannot be used: Address already in use" in line
    assert f"--{option}" in line


def test_a_missing_data_folder_is_one_line(folder: Path) -> None:
    demo = Demo(folder)
    demo.start(f"--data={folder / 'nowhere'}")
    assert f"There is no folder {folder / 'nowhere'}" in ended_at_once(demo)


def test_a_broken_data_folder_is_one_line_that_names_the_file(folder: Path) -> None:
    data = folder / "crm"
    data.mkdir()
    (data / "sales_teams.csv").write_text("sales_agent,manager\nonly one\n")
    demo = Demo(folder)
    demo.start(f"--data={data}")
    assert ".csv" in ended_at_once(demo)


def test_broken_secrets_are_one_line(folder: Path) -> None:
    (folder / "made-up").mkdir()
    (folder / "made-up" / "secrets.json").write_text("{")
    demo = Demo(folder)
    demo.start()
    assert "secrets.json is broken. Start over with --reset." in ended_at_once(demo)


def test_an_unwritable_ready_file_is_one_line(folder: Path) -> None:
    demo = Demo(folder)
    demo.start(f"--ready-file={folder}/nowhere/ready.json")
    assert "nowhere/ready.json cannot be written" in ended_at_once(demo)


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_outlives_it(folder: Path, how: signal.Signals) -> None:
    with running_demo(folder) as demo:
        assert len(demo.processes()) > 15
        demo.end(how)
        demo.wait_until_gone(seconds=15 if how == signal.SIGKILL else 1)


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_demo_that_is_still_starting(
    folder: Path, how: signal.Signals
) -> None:
    demo = Demo(folder)
    demo.start()
    time.sleep(random.uniform(0.5, 6))
    demo.end(how)
    demo.wait_until_gone()


@pytest.mark.faults
def test_a_second_one_is_refused_while_the_first_is_still_starting(folder: Path) -> None:
    first, second = Demo(folder), Demo(folder)
    first.start()
    deadline = time.monotonic() + 20
    while not (folder / "made-up" / "lock").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second.start()
    _, stderr = second.process.communicate(timeout=60)
    assert "Another demo is running in" in stderr
    first.wait_until_ready()
    first.end()


@pytest.mark.faults
@pytest.mark.parametrize(
    ("part", "command"),
    [
        ("PostgreSQL", "/bin/postgres"),
        ("demo org", "integrations.demo_org"),
        ("worker", "integrations.demo.worker"),
        ("stream", "salesforce_stream"),
        ("web server", "config.web_server"),
    ],
)
def test_a_part_that_dies_takes_the_demo_down_and_is_named(
    folder: Path, part: str, command: str
) -> None:
    with running_demo(folder) as demo:
        victim = min(pid for pid, line in demo.processes().items() if command in line)
        os.kill(victim, signal.SIGKILL)
        _, stderr = demo.process.communicate(timeout=60)
        assert demo.process.returncode == 1
        assert f"The {part} ended (signal SIGKILL)" in stderr
        assert "(log: " in stderr
        demo.wait_until_gone()


@pytest.mark.faults
def test_killed_and_started_again_at_once_it_has_its_data_until_reset(folder: Path) -> None:
    rename = "from accounts.models import *; print(Company.objects.update(name='Renamed'))"
    names = "from accounts.models import *; print(*Company.objects.values_list('name', flat=True))"
    demo = Demo(folder)
    demo.start()
    demo.wait_until_ready()
    assert demo.manage("shell", "--no-imports", "-c", rename).strip() == "1"
    demo.end(signal.SIGKILL)
    for options, name in (([], "Renamed"), (["--reset"], "Maventech")):
        demo.start(*options)
        demo.ready_file.unlink(missing_ok=True)
        demo.wait_until_ready()
        assert demo.manage("shell", "--no-imports", "-c", names).strip() == name
        demo.end()
