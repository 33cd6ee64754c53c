import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded_postgres
from config.embedded_postgres import EmbeddedPostgresError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand the server over")
STARTER = """
import pathlib, sys, time
from config import embedded_postgres
server = embedded_postgres.start(pathlib.Path(sys.argv[1]))
print(server.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a server may live; short, for pytest's own temporary folders exceed a socket's path."""
    with tempfile.TemporaryDirectory(prefix="scoreline-") as parent:
        yield Path(parent) / "postgres"
        embedded_postgres.remove(Path(parent) / "postgres")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Path, str]]:
    """The folder and the URL of a server that no test stops: making one costs seconds."""
    with tempfile.TemporaryDirectory(prefix="scoreline-") as parent:
        folder = Path(parent) / "postgres"
        with embedded_postgres.running(folder) as url:
            yield folder, url
        embedded_postgres.remove(folder)


def starter(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that started a server, and the server's pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, folder], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def wait_until_gone(pid: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


def test_the_server_has_no_port_and_knows_letters_of_all_countries(
    running: tuple[Path, str],
) -> None:
    with psycopg.connect(running[1]) as connection:
        row = connection.execute(
            "SELECT current_setting('listen_addresses'), upper('éß'), 'Ł' ~ '\\w'"
        ).fetchone()
        assert row == ("", "Éß", True)


def test_data_survive_a_restart(folder: Path) -> None:
    with embedded_postgres.running(folder) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with embedded_postgres.running(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_second_server_on_a_live_folder_is_refused_and_the_first_goes_on(
    running: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_postgres, "STALE_LOCK_SECONDS", 0.5)
    folder, url = running
    with pytest.raises(EmbeddedPostgresError, match="already running in"):
        embedded_postgres.start(folder)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_ends_with_its_killed_starter_and_the_next_start_finds_the_data(
    folder: Path,
) -> None:
    process, server_pid = starter(folder)
    process.kill()
    process.wait()
    wait_until_gone(server_pid)
    with embedded_postgres.running(folder) as url:
        psycopg.connect(url).close()


def test_a_folder_whose_server_was_killed_a_moment_ago_starts(folder: Path) -> None:
    process, server_pid = starter(folder)
    try:
        os.kill(server_pid, signal.SIGKILL)  # its starter does not bury it
        with embedded_postgres.running(folder) as url:
            psycopg.connect(url).close()
    finally:
        process.kill()
        process.wait()


def test_a_data_folder_left_half_made_is_made_again(folder: Path) -> None:
    with embedded_postgres.running(folder):
        pass
    (folder / "data").rename(folder / "data.unfinished")
    (folder / "data.unfinished" / "PG_VERSION").unlink()
    with embedded_postgres.running(folder) as url:
        psycopg.connect(url).close()
    assert not (folder / "data.unfinished").exists()


def test_a_folder_that_is_no_database_is_one_clear_line(folder: Path) -> None:
    with embedded_postgres.running(folder):
        pass
    (folder / "data" / "PG_VERSION").write_text("7\n")
    with pytest.raises(EmbeddedPostgresError, match="incompatible with server"):
        embedded_postgres.start(folder)


def test_a_path_too_long_for_a_socket_and_full_of_odd_letters_works(folder: Path) -> None:
    deep = folder.parent / ("long & odd? #" * 8) / "postgres"
    with embedded_postgres.running(deep) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    embedded_postgres.remove(deep)


def test_nobody_else_can_reach_the_socket(running: tuple[Path, str]) -> None:
    socket_folder = Path(running[1].partition("host=")[2])
    assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700


@as_root
def test_root_starts_a_server_below_a_closed_folder_and_leaves_it_closed(folder: Path) -> None:
    closed = folder.parent / "closed"
    closed.mkdir(mode=0o700)
    with embedded_postgres.running(closed / "demo" / "postgres") as url:
        psycopg.connect(url).close()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert stat.S_IMODE((closed / "demo").stat().st_mode) & 0o077 == 0
    embedded_postgres.remove(closed / "demo" / "postgres")


@as_root
def test_removing_roots_server_leaves_nothing_in_the_system_folder(folder: Path) -> None:
    with embedded_postgres.running(folder):
        home = folder.resolve()
        assert home != folder
    embedded_postgres.remove(folder)
    assert not home.exists()
    assert not folder.is_symlink()
