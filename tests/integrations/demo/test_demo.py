"""The demo as whoever starts it meets it: a real command, with all its processes."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from integrations.demo.folder import opened
from tests.demo import ROOT, Demo, a_shell, running_demo
from tests.waiting import let_a_random_time_pass, wait_until

pytestmark = pytest.mark.long

MODELS = "from accounts.models import *; from integrations.models import *; "


def what_it_complained_of(demo: Demo) -> str:
    """All that a demo that ended by itself wrote to stderr."""
    return demo.process.communicate(timeout=60)[1]


def organization(demo: Demo) -> str:
    """The id of the org, asked of the org."""
    answer = requests.get(
        f"{demo.ready['salesforce']}/services/data/v66.0/query",
        {"q": "SELECT Id FROM Organization"},
        headers={"Authorization": f"Bearer {demo.ready['salesforce_access_token']}"},
        timeout=10,
    )
    return str(answer.json()["records"][0]["Id"])


def in_a_second_shell(environment_file: Path, code: str) -> str:
    """What a command prints there once the file is sourced."""
    shell = '. "$0" && exec "$1" manage.py shell --no-imports -c "$2"'
    command = ["sh", "-c", shell, str(environment_file), sys.executable, MODELS + code]
    done = subprocess.run(
        command, cwd=ROOT, env=a_shell(), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def only_its_owner_reads(file: Path) -> bool:
    return stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_opens_for_business_and_ctrl_c_ends_all_of_it(folder: Path) -> None:
    demo = Demo(folder)
    demo.start()
    demo.wait_until_ready()
    roles = {login["role"] for login in demo.ready["logins"]}
    assert roles == {"company admin", "member", "support staff"}
    assert requests.get(f"{demo.ready['web']}/admin/login/", timeout=10).ok
    assert organization(demo) == demo.ready["org_id"]
    environment_file = folder / "made-up" / "env.sh"
    state = in_a_second_shell(environment_file, "print(Connection.objects.get().state)")
    assert state == "connected"
    assert only_its_owner_reads(environment_file)
    assert only_its_owner_reads(demo.ready_file)

    stdout, stderr = demo.end(signal.SIGINT)
    assert (demo.process.returncode, stderr) == (0, "")
    assert "Five things to try first" in stdout
    assert demo.left_after(seconds=1) == {}
    assert not demo.ready_file.exists()


def test_a_demo_that_cannot_start_says_why_in_one_line(folder: Path) -> None:
    demo = Demo(folder)
    with opened(folder / "made-up"):
        demo.start()
        lines = what_it_complained_of(demo).splitlines()
    assert lines == [
        f"CommandError: Another demo is running in {folder / 'made-up'}."
        " Stop it first, or give another --folder."
    ]
    assert demo.process.returncode == 1


@pytest.mark.faults
def test_a_broken_data_folder_is_one_line_that_names_the_file(folder: Path) -> None:
    data = folder / "crm"
    data.mkdir()
    (data / "sales_teams.csv").write_text("sales_agent,manager\nonly one\n")
    demo = Demo(folder)
    demo.start(f"--data={data}")
    (line,) = what_it_complained_of(demo).splitlines()
    assert ".csv" in line
    assert demo.process.returncode == 1
    assert demo.left_after(seconds=15) == {}
    assert not demo.ready_file.exists()


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_outlives_it(folder: Path, how: signal.Signals) -> None:
    with running_demo(folder) as demo:
        assert len(demo.processes()) > 15
        demo.end(how)
        assert demo.left_after(seconds=15 if how == signal.SIGKILL else 1) == {}


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_demo_that_is_still_starting(
    folder: Path, how: signal.Signals
) -> None:
    demo = Demo(folder)
    demo.start()
    let_a_random_time_pass(0.5, 6)
    demo.end(how)
    assert demo.left_after(seconds=15) == {}


@pytest.mark.faults
def test_a_second_one_is_refused_while_the_first_is_still_starting(folder: Path) -> None:
    first, second = Demo(folder), Demo(folder)
    first.start()
    wait_until((folder / "made-up" / "lock").exists, "the first one has its folder")
    second.start()
    assert "Another demo is running in" in what_it_complained_of(second)
    first.wait_until_ready()
    first.end()
    assert first.process.returncode == 0


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
        complaint = what_it_complained_of(demo)
        assert f"The {part} ended (signal SIGKILL)" in complaint
        assert "(log: " in complaint
        assert demo.process.returncode == 1
        assert demo.left_after(seconds=15) == {}


@pytest.mark.faults
def test_killed_and_started_again_at_once_it_has_its_data_until_reset(folder: Path) -> None:
    rename = MODELS + "print(Company.objects.update(name='Renamed'))"
    names = MODELS + "print(*Company.objects.values_list('name', flat=True))"
    demo = Demo(folder)
    demo.start()
    demo.wait_until_ready()
    assert demo.manage("shell", "--no-imports", "-c", rename).strip() == "1"
    demo.end(signal.SIGKILL)
    for options, name in (([], "Renamed"), (["--reset"], "Maventech")):
        demo.ready_file.unlink(missing_ok=True)
        demo.start(*options)
        demo.wait_until_ready()
        assert demo.manage("shell", "--no-imports", "-c", names).strip() == name
        demo.end()
