"""`python -m integrations.demo_org` as a process."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import requests

from integrations.demo_org.__main__ import arguments, make_org
from integrations.demo_org.grants import ClientApp

PATIENCE = 20
COMMAND = [sys.executable, "-m", "integrations.demo_org"]


def test_it_serves_until_it_is_told_to_stop() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--people", "5"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert requests.get(f"{url}/services/data", timeout=PATIENCE).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.communicate()


def test_a_port_in_use_is_one_line_and_a_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port, "--people", "5"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Port {port} on 127.0.0.1 can't be used: Address already in use."
    ]


def test_broken_data_is_one_line_and_a_failure(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--port", "0", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "sales_teams.csv" in done.stderr


def test_the_apps_keys_and_callbacks_can_be_chosen() -> None:
    options = [
        "--consumer-key",
        "k",
        "--consumer-secret",
        "s",
        "--callback",
        "http://a/",
        "--people",
    ]
    org = make_org(arguments().parse_args([*options, "3", "--callback", "http://b/"]))
    assert org.app == ClientApp("Scoreline", "k", "s", ["http://a/", "http://b/"])
    assert org.authority.app("k") is org.app
