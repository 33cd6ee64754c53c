from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.db import connection, connections

from tests.waiting import wait_until

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
    """Until another connection waits for somebody's transaction."""
    wait_until(_somebody_waits, "somebody waits for a lock")


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')"
        )
        return bool(cursor.fetchone()[0])
