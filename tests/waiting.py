"""Waiting for what happens in another thread or process, and never longer than a deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

PATIENCE = 20.0


def happens(what: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Ask again and again; false when it has not happened in time."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def wait_until(happened: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """As ``happens``, where the test cannot go on without; ``what`` is said when it has not."""
    if not happens(happened, seconds):
        pytest.fail(f"Not within {seconds:g} seconds: {what}.")


def let_a_random_time_pass(at_least: float, at_most: float) -> None:
    """Where the experiment is that something breaks at any moment of somebody else's work."""
    time.sleep(random.uniform(at_least, at_most))
