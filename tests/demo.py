"""A whole demo in processes of its own, for tests that need everything to run."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import embedded_postgres
from tests.waiting import happens, wait_until

ROOT = Path(__file__).resolve().parent.parent
#: Found in the environment of every process of a demo, except its PostgreSQL.
MARK = "SCORELINE_TEST_DEMO"
START_SECONDS = 240.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def a_shell() -> dict[str, str]:
    """The environment of a shell in which nothing is set for the tests' own database."""
    settings = ("DATABASE_URL", "SELF_CONTAINED")
    return {name: value for name, value in os.environ.items() if name not in settings}


@dataclass
class Demo:
    """A started ``manage.py demo``; ``ready`` is what it wrote to its ready file."""

    folder: Path
    port: int = field(default_factory=free_port)
    org_port: int = field(default_factory=free_port)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def ready_file(self) -> Path:
        return self.folder / "ready.json"

    def start(self, *options: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "demo", f"--folder={self.folder}"),
                *(f"--port={self.port}", f"--org-port={self.org_port}"),
                *(f"--ready-file={self.ready_file}", *options),
            ],
            cwd=ROOT,
            env=a_shell() | {MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        wait_until(
            lambda: self.ready_file.exists() or self.process.poll() is not None,
            "the demo is ready",
            START_SECONDS,
        )
        if self.process.poll() is not None:
            raise AssertionError(f"the demo ended: {self.process.communicate()}")
        self.ready = json.loads(self.ready_file.read_text())

    def manage(self, *command: str) -> str:
        """The output of another ``manage.py`` command against this demo."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=os.environ | self.ready["env"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        """Send the signal, wait, and return what it wrote to stdout and stderr."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)

    def processes(self) -> dict[int, str]:
        """All living processes of this demo and their command lines."""
        databases = {link.resolve() / "data" for link in self.folder.glob("*/postgres")}
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                environment = (folder / "environ").read_bytes()
                works_in = (folder / "cwd").readlink()
            except OSError:
                continue  # it ended, or is another user's
            if self.mark.encode() in environment or works_in in databases:
                found[int(folder.name)] = command.decode(errors="replace")
        return found

    def left_after(self, seconds: float) -> dict[int, str]:
        """The processes that are still there after this time; asked until there is none."""
        happens(lambda: not self.processes(), seconds)
        return self.processes()


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[Demo]:
    demo = Demo(folder)
    demo.start(*options)
    try:
        demo.wait_until_ready()
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.end()


@contextmanager
def temporary_demo(*options: str) -> Iterator[Demo]:
    """A demo whose folder and database go with it."""
    with tempfile.TemporaryDirectory(prefix="scoreline-demo-") as folder:
        try:
            with running_demo(Path(folder), *options) as demo:
                yield demo
        finally:
            for database in Path(folder).glob("*/postgres"):
                embedded_postgres.remove(database)
