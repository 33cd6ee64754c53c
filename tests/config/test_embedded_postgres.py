"""The embedded server. To make one costs seconds, so the tests share two: one that runs, and one
that is stopped between them.
"""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

import psycopg
import pytest

from config import embedded_postgres
from config.embedded_postgres import EmbeddedPostgresError
from config.system_postgres import own_folder, system_account
from tests.waiting import wait_until

from .processes import gone

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand the server over")
STARTER = """
import pathlib, sys, time
from config import embedded_postgres
server = embedded_postgres.start(pathlib.Path(sys.argv[1]))
print(server.process.pid, flush=True)
time.sleep(600)
"""


@contextmanager
def short_folder() -> Iterator[Path]:
    """Where a server may live; short, for pytest's own temporary folders exceed a socket's path."""
    with tempfile.TemporaryDirectory(prefix="scoreline-") as parent:
        try:
            yield Path(parent) / "postgres"
        finally:
            embedded_postgres.remove(Path(parent) / "postgres")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Path, str]]:
    """The folder, below a closed one, and the URL of a server that no test stops."""
    with tempfile.TemporaryDirectory(prefix="scoreline-") as closed:
        folder = Path(closed) / "demo" / "postgres"
        with embedded_postgres.running(folder) as url:
            yield folder, url
        embedded_postgres.remove(folder)


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """The folder of a server that keeps a number, and that was made at the second try."""
    with short_folder() as made:
        with starter(made):
            wait_until(lambda: unfinished(made), "making has begun")
        assert not (made / "data").exists()
        with embedded_postgres.running(made) as url, psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        yield made


@contextmanager
def starter(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that starts a server, tells its pid and stays; killed at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, folder], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def unfinished(folder: Path) -> list[Path]:
    return list(folder.glob("data.unfinished-*/PG_VERSION"))


def server_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def socket_folder(url: str) -> Path:
    return Path(unquote(url.partition("host=")[2]))


def kept_number(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT number FROM kept").fetchone()
    assert row
    return int(row[0])


def test_the_server_has_no_port_and_knows_letters_of_all_countries(
    running: tuple[Path, str],
) -> None:
    with psycopg.connect(running[1]) as connection:
        row = connection.execute(
            "SELECT current_setting('listen_addresses'), upper('éß'), 'Ł' ~ '\\w'"
        ).fetchone()
        assert row == ("", "Éß", True)


def test_a_path_too_long_for_a_socket_and_full_of_odd_letters_works() -> None:
    with tempfile.TemporaryDirectory(prefix="scoreline-") as open_to_all:
        Path(open_to_all).chmod(0o755)
        folder = Path(open_to_all) / ("long & odd? #" * 8)
        folder.mkdir()  # what is there already is used also by root
        with embedded_postgres.running(folder) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert socket_folder(url) != folder / "data"
        assert not socket_folder(url).exists()


def test_a_second_server_on_a_live_folder_is_refused_and_the_first_goes_on(
    running: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_postgres, "STALE_LOCK_SECONDS", 0.5)
    folder, url = running
    with pytest.raises(EmbeddedPostgresError, match="already running in"):
        embedded_postgres.start(folder)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_nobody_else_can_reach_the_socket(running: tuple[Path, str]) -> None:
    assert stat.S_IMODE(socket_folder(running[1]).stat().st_mode) == 0o700


def test_the_folders_around_the_server_stay_closed(running: tuple[Path, str]) -> None:
    made, given = running[0].parent, running[0].parent.parent
    assert stat.S_IMODE(given.stat().st_mode) == 0o700
    assert stat.S_IMODE(made.stat().st_mode) & 0o077 == 0


@as_root
def test_what_root_starts_lives_in_the_system_folder(running: tuple[Path, str]) -> None:
    assert running[0].is_symlink()


@as_root
def test_removing_roots_server_leaves_nothing_in_the_system_folder() -> None:
    with short_folder() as linked:
        home = own_folder(linked, system_account())
        (home / "data").mkdir()
        assert home != linked
        embedded_postgres.remove(linked)
        assert not home.exists()
        assert not linked.is_symlink()


def test_a_making_that_was_broken_off_leaves_nothing_behind(stopped: Path) -> None:
    assert (stopped / "data" / "PG_VERSION").exists()
    assert unfinished(stopped) == []


def test_a_making_that_fails_leaves_no_folder_for_a_socket_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk_full = subprocess.CalledProcessError(1, ["initdb"], stderr=b"No space left on device\n")
    monkeypatch.setattr(subprocess, "run", mock.Mock(side_effect=disk_full))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with pytest.raises(EmbeddedPostgresError, match="No space left"):
        embedded_postgres.start(folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_whoever_makes_a_server_that_another_is_making_waits_and_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded_postgres, "STALE_LOCK_SECONDS", 0.5)
    with short_folder() as folder, starter(folder) as other:
        wait_until(lambda: unfinished(folder), "making has begun")
        with pytest.raises(EmbeddedPostgresError, match="already running in"):
            embedded_postgres.start(folder)
        assert not gone(server_of(other))


def test_data_survive_a_restart(stopped: Path) -> None:
    with embedded_postgres.running(stopped) as url:
        assert kept_number(url) == 7


def test_a_server_ends_with_its_killed_starter_and_the_next_start_finds_the_data(
    stopped: Path,
) -> None:
    with starter(stopped) as process:
        server_pid = server_of(process)
        assert not gone(server_pid)
    wait_until(lambda: gone(server_pid), "the server has ended with its starter")
    with embedded_postgres.running(stopped) as url:
        assert kept_number(url) == 7


def test_a_folder_whose_server_was_killed_a_moment_ago_starts(stopped: Path) -> None:
    with starter(stopped) as process:
        os.kill(server_of(process), signal.SIGKILL)  # its starter does not bury it
        with embedded_postgres.running(stopped) as url:
            assert kept_number(url) == 7


def test_a_folder_that_is_no_database_is_one_clear_line(stopped: Path) -> None:
    version = stopped / "data" / "PG_VERSION"
    own = version.read_text()
    version.write_text("7\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match="incompatible with server"):
            embedded_postgres.start(stopped)
    finally:
        version.write_text(own)
