"""Trying again: only for requests that may be sent twice, a few times, with growing pauses."""

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from integrations.salesforce.errors import TransientError

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 4
LONGEST_PAUSE = 30.0  # seconds; when Salesforce asks for more, the caller comes back later
# These pass only when the caller starts its query anew or asks for less.
_NOT_BY_THE_SAME_REQUEST = {"INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT"}

T = TypeVar("T")


def retrying(
    attempt: Callable[[float], T],
    *,
    ends_at: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> T:
    """Call `attempt` with the seconds left until `ends_at`, again after each TransientError.

    Gives up, by raising the last TransientError, after MOST_ATTEMPTS, when the pause would pass
    `ends_at`, or when Salesforce asks for a pause longer than LONGEST_PAUSE.
    """
    for number in range(1, MOST_ATTEMPTS):
        try:
            return attempt(ends_at - clock())
        except TransientError as error:
            pause = _pause(number, error.retry_after)
            if (
                error.code in _NOT_BY_THE_SAME_REQUEST
                or pause > LONGEST_PAUSE
                or clock() + pause >= ends_at
            ):
                raise
            logger.warning("Trying Salesforce again in %.1f s after: %s", pause, error.detail)
        sleep(pause)
    return attempt(ends_at - clock())


def _pause(number: int, asked: float | None) -> float:
    """1, 2, 4 … seconds, each cut by up to half, so that many workers do not come back at once."""
    own = 2.0 ** (number - 1) * random.uniform(0.5, 1)  # noqa: S311 - no secret
    return max(own, asked or 0.0)
