import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import happens, wait_until

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
    wait_until(
        lambda: _says_something(report) or process.poll() is not None, "the test has started", 60
    )
    assert process.poll() is None, "pytest ended early"
    return process, Path(report.read_text().partition("host=")[2])


def _says_something(report: Path) -> bool:
    return report.exists() and bool(report.read_text())


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
    are_gone = happens(lambda: not server.exists() and not data.parent.exists())
    assert are_gone, "the server or its folder is still there"
