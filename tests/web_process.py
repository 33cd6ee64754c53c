"""A real web process on the test database."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.child_process import bound_to_this_process
from tests.demo import free_port
from tests.process_environment import process_environment
from tests.waiting import wait_until

START_SECONDS = 60.0


@dataclass(frozen=True)
class WebProcess:
    port: int
    pid: int

    @property
    def megabytes(self) -> int:
        """Of memory that it holds."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
        return int(found[1]) // 1024

    @property
    def sockets(self) -> int:
        folder = Path(f"/proc/{self.pid}/fd")
        return sum("socket:" in str(one.readlink()) for one in folder.iterdir())


@contextmanager
def web_process(**environment: str) -> Iterator[WebProcess]:
    """With these settings besides those of the tests."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "config.web_server", f"--port={port}"],
        env=process_environment(**{"WEB_POOL_SIZE": "8", "LOG_LEVEL": "ERROR", **environment}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=bound_to_this_process(signal.SIGKILL),
    )
    try:
        wait_until(lambda: _answers(port), "the web process answers", START_SECONDS)
        yield WebProcess(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
