"""How a connection goes from one state to the next, each step audited.

The row is locked and read again first, so that two processes that learn of the same trouble at
the same time write one change. An empty ``state_told_at`` has the worker tell people by mail.
"""

import logging

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from integrations.models import Connection

logger = logging.getLogger(__name__)
State = Connection.State

STATE_FIELDS = ("state", "state_reason", "state_since", "state_told_at")
#: From where each state may be entered. Trouble never hides worse trouble, or a person's decision.
ENTERED_FROM: dict[State, frozenset[State]] = {
    State.CONNECTED: frozenset(State) - {State.PAUSED},
    State.NEEDS_ATTENTION: frozenset({State.CONNECTED, State.NEEDS_ATTENTION}),
    State.PAUSED: frozenset({State.CONNECTED, State.NEEDS_ATTENTION}),
    State.RECONNECT_REQUIRED: frozenset({State.CONNECTED, State.NEEDS_ATTENTION}),
    State.TERMINATED: frozenset(State) - {State.NOT_CONNECTED, State.TERMINATED},
}


def connected(
    connection: Connection, *, by: User | None, request: HttpRequest | None = None
) -> bool:
    """Somebody has logged in to Salesforce. What a person has paused stays so; see `resumed`."""
    return _enter(State.CONNECTED, connection, "", by=by, request=request)


def mended(connection: Connection) -> bool:
    """What needed attention is in order; any other state stays as it is."""
    return _enter(State.CONNECTED, connection, "", only_from=frozenset({State.NEEDS_ATTENTION}))


def needs_attention(connection: Connection, reason: str) -> bool:
    """Data still comes, but a person must look at something. ``reason`` is a sentence for them."""
    return _enter(State.NEEDS_ATTENTION, connection, reason)


def reconnect_required(connection: Connection, reason: str) -> bool:
    """Salesforce no longer lets us in: nothing is asked of it until somebody logs in again."""
    return _enter(State.RECONNECT_REQUIRED, connection, reason)


def paused(
    connection: Connection, reason: str, *, by: User | None, request: HttpRequest | None = None
) -> bool:
    """A person stops all reading from Salesforce. ``reason`` is theirs, for the other admins."""
    return _enter(State.PAUSED, connection, reason, by=by, request=request)


def resumed(connection: Connection, *, by: User | None, request: HttpRequest | None = None) -> bool:
    """Reading goes on from where it stopped: the next poll catches up."""
    only_from = frozenset({State.PAUSED})
    return _enter(
        State.CONNECTED,
        connection,
        "",
        by=by,
        request=request,
        only_from=only_from,
        act="resumed",
    )


def terminated(
    connection: Connection, *, by: User | None, request: HttpRequest | None = None
) -> bool:
    return _enter(
        State.TERMINATED,
        connection,
        "The integration was terminated. Accounts, mappings and reports stay.",
        by=by,
        request=request,
    )


@transaction.atomic
def _enter(
    state: State,
    connection: Connection,
    reason: str,
    *,
    by: User | None = None,
    request: HttpRequest | None = None,
    only_from: frozenset[State] | None = None,
    act: str = "",
) -> bool:
    """Return whether anything changed. ``connection`` itself is brought up to date either way."""
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    before = State(row.state)
    may_enter = before in (only_from or ENTERED_FROM[state])
    changes = may_enter and (before, row.state_reason) != (state, reason)
    if changes:
        _write(row, state, reason)
        audit.record(
            f"connection.{act or state}",
            row,
            by=by,
            request=request,
            before={"state": before},
            after={"state": state, "reason": reason},
        )
        logger.info("connection %s: %s -> %s", row.pk, before, state)
    for name in STATE_FIELDS:
        setattr(connection, name, getattr(row, name))
    return changes


def _write(row: Connection, state: State, reason: str) -> None:
    row.state, row.state_reason = state, reason
    row.state_since, row.state_told_at = timezone.now(), None
    row.save(update_fields=STATE_FIELDS)
