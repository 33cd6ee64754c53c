"""The one thing to do next, with its button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan

from .directory_run import last_run
from .words import counted
from .work_list import Work, people_with

State = Connection.State


@dataclass(frozen=True)
class Step:
    title: str
    words: str
    button: str
    address: str
    is_post: bool = False


def next_step(connection: Connection | None, work: Sequence[Work]) -> Step | None:
    """``None`` when there is nothing to do."""
    if connection is None:
        return Step(
            "Connect Salesforce",
            "Four steps, about ten minutes. You need somebody who may set up apps in Salesforce.",
            "Connect Salesforce",
            reverse("admin:integrations_connection_connect"),
            is_post=True,
        )
    if not connection.has_access:
        return _towards_access(connection)
    return (
        _under_way(connection) or _towards_a_list(connection) or _towards_people(connection, work)
    )


def _towards_access(connection: Connection) -> Step:
    page = reverse("admin:integrations_connection_change", args=[connection.pk])
    match connection.state:
        case State.NOT_CONNECTED:
            title, button = "Finish connecting", "Go on connecting"
            words = "The connection is prepared, but nobody has logged in to Salesforce yet."
        case State.RECONNECT_REQUIRED:
            title, button = "Log in to Salesforce again", "Reconnect"
            words = connection.state_reason or "Salesforce no longer lets us in."
        case State.PAUSED:
            title, button = "Paused", "Go to the connection"
            words = connection.state_reason or "Nothing is read from Salesforce just now."
        case _:
            title, button = "The integration was terminated", "Connect again"
            words = "Accounts, mappings and reports are all still here. Nothing new arrives."
    return Step(title, words, button, page)


def _under_way(connection: Connection) -> Step | None:
    plan = (
        connection.plans.filter(state__in=SyncPlan.STATES_UNDER_WAY)
        .order_by("-created_at", "-pk")
        .first()
    )
    if plan is None:
        return None
    return Step(
        "A change is under way",
        "It goes on by itself; nobody needs to watch it.",
        "See how far it is",
        reverse("admin:integrations_syncplan_change", args=[plan.pk]),
    )


def _towards_a_list(connection: Connection) -> Step | None:
    run = last_run(connection)
    people = people_with(connection)
    if run and run.is_under_way:
        return Step("The list is on its way", run.headline, "See how far it is", people)
    if run and run.is_held:
        return Step("The list came out shorter", run.run.error, "Look at it", people)
    if DirectoryUser.objects.filter(connection=connection).exists():
        return None
    return Step(
        "Read the list of people",
        "It shows who there is in Salesforce. Nobody gets an account by it.",
        "Read the list from Salesforce",
        reverse("admin:integrations_directoryuser_refresh", args=[connection.pk]),
        is_post=True,
    )


def _towards_people(connection: Connection, work: Sequence[Work]) -> Step | None:
    """Whoever could be imported, else whatever waits longest."""
    importable = (PlannedChange.Action.CREATE, PlannedChange.Action.MAP)
    number = sum(line.count for line in work if line.kind in importable)
    if number:
        return Step(
            "Choose people",
            f"{counted(number, 'person', 'people')} in Salesforce could have an account."
            " Tick the ones you want and press one button; nobody else is touched.",
            f"Choose from {number:,}",
            people_with(connection, account="none"),
        )
    if work:
        first = work[0]
        return Step(first.words, "This waits for a decision of yours.", "Look at it", first.address)
    return None
