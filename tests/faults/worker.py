"""A real ``qcluster`` on the test database, which can be killed like any process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connection

from config.child_process import bound_to_this_process
from tests.process_environment import process_environment

ROOT = Path(__file__).parents[2]


class Worker:
    """Starts with the ``with`` block; nothing of it is left at the end."""

    def __init__(self, command: str = "qcluster", **settings_: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=process_environment(**{"QUEUE_POLL_SECONDS": "0.2", **settings_}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=bound_to_this_process(signal.SIGKILL),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the cluster with all its processes: nobody tidies up."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


def end_other_database_connections() -> int:
    """How many there were: as when the database is restarted, but for this test's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()"
        )
        ended: int = cursor.fetchone()[0]
    return ended
