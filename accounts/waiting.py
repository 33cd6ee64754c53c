"""Waiting for somebody else while others need the database."""

from __future__ import annotations

from django.db import close_old_connections, connection


def give_back_connection() -> None:
    """Return the connection to the pool before a long wait; the next query takes one again.

    Within a transaction nothing happens: closing would break it off.
    """
    if not connection.in_atomic_block:
        close_old_connections()
