"""Loaded before pytest-django reads the settings: gives the tests a database and safe secrets.

With ``DATABASE_URL`` set, that server is used; otherwise an embedded one is started, once for all
of xdist's workers, and nothing of it is left behind, also when pytest is killed.
"""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from config import embedded_postgres

os.environ["SELF_CONTAINED"] = "true"
os.environ.setdefault("BASE_URL", "http://testserver")  # no redirect to https


class TemporaryServer:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="scoreline-tests-"))
        database = self.folder / "postgres"
        self.sweeper = _start_sweeper(self.folder, database)
        try:
            self.server = embedded_postgres.start(database, durable=False)
        except embedded_postgres.EmbeddedPostgresError as error:
            self.sweep()
            raise pytest.UsageError(str(error)) from error

    def stop(self) -> None:
        self.server.stop()
        self.sweep()

    def sweep(self) -> None:
        assert self.sweeper.stdin is not None
        self.sweeper.stdin.close()
        self.sweeper.wait(30)


def _start_sweeper(folder: Path, database: Path) -> subprocess.Popen[bytes]:
    """A process that deletes the folders once we are gone: its input ends when we do."""
    script = """
        cat > /dev/null
        for attempt in $(seq 100); do
            [ -e "$1/data/postmaster.pid" ] || break
            sleep 0.1
        done
        rm -rf -- "$(readlink -f -- "$1")" "$0"
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", script, folder, database],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for pytest; the sweeper has work to do afterwards
    )


server: TemporaryServer | None = None
if not os.environ.get("DATABASE_URL"):
    server = TemporaryServer()
    os.environ["DATABASE_URL"] = server.server.url


def pytest_unconfigure() -> None:
    global server
    if server is not None:
        server.stop()
        server = None
