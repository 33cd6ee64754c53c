"""Waiting for somebody else while others need the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection

P = ParamSpec("P")
R = TypeVar("R")


def give_back_connection() -> None:
    """Return the connection to the pool before a long wait; the next query takes one again.

    Within a transaction nothing happens: closing would break it off.
    """
    if not connection.in_atomic_block:
        close_old_connections()


async def in_thread(function: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
    """What ``function`` returns, while other coroutines go on; its connection goes back."""

    def run() -> R:
        try:
            return function(*arguments, **options)
        finally:
            give_back_connection()

    return await sync_to_async(run, thread_sensitive=False)()
