import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SLEEPER = """
import os, pathlib, time

def test_sleeps(db):
    pathlib.Path(os.environ["REPORT"]).write_text(os.environ["DATABASE_URL"])
    time.sleep(60)
"""


def start_pytest(tmp_path: Path, *options: str) -> tuple[subprocess.Popen[bytes], Path]:
    """A pytest in the middle of a test, and the data folder of its server."""
    (tmp_path / "test_sleeper.py").write_text(SLEEPER)
    report = tmp_path / "database-url"
    environment = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", f"--rootdir={ROOT}", f"-c{ROOT / 'pyproject.toml'}"),
            *("--ds=config.settings", *options, str(tmp_path / "test_sleeper.py")),
        ],
        cwd=ROOT,
        env=environment | {"REPORT": str(report)},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not report.exists() or not report.read_text():
        assert process.poll() is None, "pytest ended early"
        assert time.monotonic() < deadline, "the test did not start"
        time.sleep(0.1)
    return process, Path(report.read_text().partition("host=")[2])


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_nothing_of_the_server_is_left_when_pytest_is_ended(
    tmp_path: Path, how: signal.Signals, workers: str
) -> None:
    process, data = start_pytest(tmp_path, workers)
    server = Path("/proc") / (data / "postmaster.pid").read_text().splitlines()[0]
    assert server.exists()
    process.send_signal(how)
    process.wait(30)
    deadline = time.monotonic() + 20
    while server.exists() or data.parent.exists():
        assert time.monotonic() < deadline, "the server or its folder is still there"
        time.sleep(0.1)
