"""The four approaches as cards: what each does, who starts it, whom it reaches, how it stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from accounts.time_zone import written_day
from integrations.models import AccessRequest, Connection, SyncPlan
from integrations.user_sync.wanted import takes_from_a_workflow, who_waits

from .addresses import page_of, people_with
from .all_active import newest_request
from .words import WITHOUT_WORKFLOW, count_of


@dataclass(frozen=True)
class Card:
    key: str
    title: str
    words: str
    starts: str
    scope: str
    state: str
    button: str
    address: str
    tag: str = ""
    tone: str = ""
    is_wanted: bool = False


def approach_cards(connection: Connection, importable: str) -> list[Card]:
    """``importable`` says how many people could get an account: “36”, “10,000+” or nothing."""
    return [
        _on_demand(connection, importable),
        _manual(connection),
        _automatic(connection),
        _all_active(connection),
    ]


def _on_demand(connection: Connection, importable: str) -> Card:
    return Card(
        key="on_demand",
        title="On demand",
        words="Tick the Salesforce users you want and press one button.",
        starts="You",
        scope="Only those you tick",
        state=f"{importable} could get an account" if importable else "Nobody is left to choose",
        button=f"Choose from {importable}" if importable else "See everybody",
        address=people_with(connection, **({"account": "possible"} if importable else {})),
        tag="Recommended",
        tone="good",
        is_wanted=bool(importable),
    )


def _manual(connection: Connection) -> Card:
    return Card(
        key="manual",
        title="Manual",
        words="Make an account and map it to a Salesforce user yourself.",
        starts="You",
        scope="One person at a time",
        state="Always possible",
        button="Add person",
        address=page_of("connection_add_person", connection.pk),
    )


def _automatic(connection: Connection) -> Card:
    is_on = connection.automatic_is_on
    is_idle = is_on and not takes_from_a_workflow(connection)
    limit = connection.automatic_daily_limit
    state = "The setting “Automatically sync users” is off"
    if is_idle:
        state = WITHOUT_WORKFLOW
    elif is_on:
        accounts = connection.get_automatic_accounts_display().lower()
        state = f"At most {limit} a day; {accounts}"
        waiting = who_waits(connection)
        if waiting.exists():
            state += f"; {count_of(waiting, 'person waits', 'people wait')}"
    return Card(
        key="automatic",
        title="Automatic",
        words="Whoever owns a record that counts gets an account as the data comes in.",
        starts="The data",
        scope="Owners of records that a workflow catches",
        state=state,
        button="Settings" if is_on else "Turn on…",
        address=page_of("connection_automatic", connection.pk),
        tag="On" if is_on else "Off",
        tone="warn" if is_idle else "good" if is_on else "",
    )


def _all_active(connection: Connection) -> Card:
    state, button, tag, tone = _state_of(newest_request(connection))
    return Card(
        key="all_active",
        title="All active users",
        words="An account for every active Salesforce user, at once.",
        starts="You ask, support decides"
        if not connection.company.may_approve_own_requests
        else "You ask, you decide",
        scope="Everybody active; not machines, not the connecting user",
        state=state,
        button=button,
        address=page_of("connection_all_active", connection.pk),
        tag=tag,
        tone=tone,
    )


def _state_of(request: AccessRequest | None) -> tuple[str, str, str, str]:
    """Words, button, chip and its colour."""
    if request is None:
        return "Not requested", "Request…", "", ""
    if request.is_open:
        return (
            f"Waiting since {written_day(request.requested_at)}",
            "See the request",
            "Waiting",
            "warn",
        )
    assert request.decided_at is not None
    if request.decision == AccessRequest.Decision.REFUSED:
        return f"Refused on {written_day(request.decided_at)}", "See why", "Refused", ""
    if request.plan.state == SyncPlan.State.DONE:
        when = request.plan.finished_at or timezone.now()
        return f"Done on {written_day(when)}", "See what became of it", "Done", "good"
    return f"Approved on {written_day(request.decided_at)}", "See how far it is", "Approved", "good"
