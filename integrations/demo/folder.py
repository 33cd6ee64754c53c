"""What the demo keeps between two starts: its database, its secrets, its logs."""

import fcntl
import json
import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from config import embedded_postgres

from .errors import DemoError


class DemoFolder:
    """A folder that one demo at a time has to itself; made by ``opened``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.postgres = path / "postgres"
        self.logs = path / "logs"
        self.static = path / "static"
        self.environment_file = path / "env.sh"
        self._secrets = path / "secrets.json"

    def reset(self) -> None:
        """Forget all data and secrets. Files that the demo did not make stay."""
        embedded_postgres.remove(self.postgres)
        for file in (self.environment_file, self._secrets):
            file.unlink(missing_ok=True)

    def secrets(self) -> dict[str, str]:
        """The settings that must stay the same, or nothing sealed in the database would open."""
        if not self._secrets.exists():
            made = {
                "SECRET_KEY": secrets.token_urlsafe(50),
                "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            }
            write_privately(self._secrets, json.dumps(made, indent=2))
        try:
            kept = json.loads(self._secrets.read_text(encoding="utf-8"))
            return {name: str(kept[name]) for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS")}
        except (ValueError, TypeError, KeyError):
            raise DemoError(f"{self._secrets} is broken. Start over with --reset.") from None

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """What a second shell needs to run any other command against the demo."""
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
        write_privately(self.environment_file, "".join(lines))


@contextmanager
def opened(path: Path) -> Iterator[DemoFolder]:
    """The folder, made when missing; DemoError when another demo has it, even one still starting.

    The lock is the kernel's, so it is gone with its process, however that one ended.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"Another demo is running in {path}. Stop it first, or give another --folder."
            ) from None
        folder = DemoFolder(path.resolve())
        folder.logs.mkdir(exist_ok=True)
        yield folder


def write_privately(path: Path, text: str) -> None:
    """Replace the file at once, whole, and readable by its owner only."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)  # of somebody who was killed while writing
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
