"""A real web process on the test database."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from config.child_process import bound_to_this_process
from tests.demo import free_port
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
    served = urlsplit(os.environ["DATABASE_URL"])
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "config.web_server", f"--port={port}"],
        env=os.environ
        | {
            "DATABASE_URL": served._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
            "WEB_POOL_SIZE": "8",
            "LOG_LEVEL": "ERROR",
        }
        | environment,
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
