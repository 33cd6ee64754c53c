"""Waiting for what happens in another thread or process, and never longer than a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

PATIENCE = 20.0


def wait_until(happened: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Ask again and again; ``what`` is said when it has not happened in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail(f"Not within {seconds:g} seconds: {what}.")
        time.sleep(0.01)
