from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
from django.db import connection, connections

T = TypeVar("T")


def in_own_connection(pool: ThreadPoolExecutor, function: Callable[[], T]) -> Future[T]:
    """Start the function with a database connection of its own; `result()` raises what it did."""
    return pool.submit(partial(_run, function))


def _run(function: Callable[[], T]) -> T:
    try:
        return function()
    finally:
        connections.close_all()


def wait_until_somebody_waits_for_a_lock() -> None:
    """Poll, at most ten seconds, until another connection waits for somebody's transaction."""
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute(
                "SELECT count(*), pg_sleep(0.01) FROM pg_locks WHERE NOT granted"
                " AND locktype = 'transactionid'"
            )
            if cursor.fetchone()[0]:
                return
    pytest.fail("Nobody waited for a lock.")
