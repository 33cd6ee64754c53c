"""How much of the org's daily API requests is left for us: people's own use comes first."""

from __future__ import annotations

from datetime import timedelta

from integrations.models import Connection

#: From this share of the day's requests on we ask less often; from the next, only for the latest.
SLOW_FROM = 0.70
BACKGROUND_UNTIL = 0.80

OFTEN = timedelta(seconds=60)
SLOWLY = timedelta(minutes=5)
SELDOM = timedelta(minutes=15)


def used_share(connection: Connection) -> float:
    """What the org had used when it was last asked, all apps together."""
    if not connection.api_calls_allowed or connection.api_calls_used is None:
        return 0.0
    return connection.api_calls_used / connection.api_calls_allowed


def poll_every(connection: Connection) -> timedelta:
    share = used_share(connection)
    if share < SLOW_FROM:
        return OFTEN
    return SLOWLY if share < BACKGROUND_UNTIL else SELDOM
