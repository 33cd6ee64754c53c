"""The demo's child processes: started, watched and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from django.conf import settings

from config.child_process import bound_to_this_process

from .errors import DemoError

HOST = "127.0.0.1"
STOP_SECONDS = 10.0
#: The processes of a demo that was killed a moment ago may still be letting go of their ports.
PORT_SECONDS = 2.0
WATCH_SECONDS = 0.5


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The last line that it wrote, if any, and where the rest is."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{last} (log: {self.log})".lstrip()


class Processes:
    """All children of one demo. None outlives this process: the kernel kills them with it."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: list[Child] = []
        self._adopted: list[Child] = []

    def adopt(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        """Watch a process that somebody else starts and stops."""
        self._adopted.append(Child(name, process, log))

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        """Start ``python`` with these arguments; its output goes to ``<name>.log``."""
        log = self.logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, *command],
                cwd=settings.BASE_DIR,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us alone: we stop the others in order
                preexec_fn=bound_to_this_process(signal.SIGKILL),
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Run to its end; DemoError when it fails, or when another child dies meanwhile."""
        job = self.start(name, command, environment)
        while job.process.poll() is None:
            self.check(except_for=job)
            time.sleep(0.05)
        self.children.remove(job)
        if job.process.returncode != 0:
            raise DemoError(f"{name} failed: {job.last_words()}")

    def wait_for(self, child: Child, answers: Callable[[], bool], seconds: float) -> None:
        """Wait until the child does its work; DemoError when it dies or takes too long."""
        deadline = time.monotonic() + seconds
        while not answers():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"The {child.name} did not answer within {seconds:.0f} seconds "
                    f"(log: {child.log})"
                )
            time.sleep(0.1)

    def check(self, except_for: Child | None = None) -> None:
        """Raise DemoError when a child has ended."""
        for child in (*self._adopted, *self.children):
            status = child.process.poll()
            if status is not None and child is not except_for:
                raise DemoError(f"The {child.name} ended ({_ending(status)}): {child.last_words()}")

    def watch(self) -> NoReturn:
        """Look after them until one of them ends, which is a DemoError."""
        while True:
            self.check()
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """Stop the newest first, for each needs those before it; kill what does not stop."""
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.terminate()
            try:
                child.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self.children.clear()


def require_free_port(port: int, option: str) -> None:
    """Raise DemoError, naming the option that would help, when the port is taken."""
    deadline = time.monotonic() + PORT_SECONDS
    while reason := _why_not_usable(port):
        if time.monotonic() > deadline:
            raise DemoError(f"Port {port} cannot be used: {reason}. Give another {option}.")
        time.sleep(0.1)


def _why_not_usable(port: int) -> str:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            return os.strerror(error.errno or 0)
    return ""


def _ending(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
