"""How a connection is, in words: whether data comes, why not, and what next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from activities.models import ActivityType
from integrations.admin.connection_health import health
from integrations.models import Connection, SyncRun, Watermark, Workflow
from tests.integrations.user_sync.builders import NOON, people

from .browsing import LIST, home, html_at, list_of, messages

State = Connection.State


def test_a_quiet_hour_is_no_fault_of_what_is_asked_each_minute(
    client: Client, connection: Connection
) -> None:
    people(connection, range(1, 4))
    kind = ActivityType.objects.create(company=connection.company, name="Deal won")
    Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name="Deals",
        object_name="Opportunity",
        activity_type=kind,
        date_field="CloseDate",
        state=Workflow.State.ON,
    )
    now = timezone.now()
    Watermark.objects.create(
        company=connection.company,
        connection=connection,
        object_name="Opportunity",
        polled_at=now - timedelta(seconds=150),
    )
    SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.POLL,
        state=SyncRun.State.DONE,
        finished_at=now - timedelta(minutes=59),
    )
    assert "All is well: last asked 2\xa0minutes ago." in home(client)


def test_a_failed_refresh_is_not_called_well(client: Client, connection: Connection) -> None:
    people(connection, range(1, 4))
    Connection.objects.update(directory_refreshed_at=timezone.now())
    assert "All is well" in home(client)
    run = SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.FAILED,
        finished_at=timezone.now() - timedelta(seconds=150),
        error="Salesforce is not available just now.",
    )
    html = home(client)
    assert "All is well" not in html
    assert (
        f"People could not be read 2\xa0minutes ago. {run.error} Press Refresh on the list" in html
    )
    SyncRun.objects.update(retry_at=timezone.now() + timedelta(minutes=4, seconds=30))
    assert (
        f"{run.error} The next try is 4\xa0minutes from now; Refresh, on the list of Salesforce"
        " users, tries at once." in home(client)
    )
    SyncRun.objects.update(retry_at=timezone.now() - timedelta(seconds=9))
    assert "The next try is now; Refresh" in home(client)
    SyncRun.objects.update(state=SyncRun.State.HELD, error="12 people are missing.")
    html = home(client)
    assert "All is well" not in html
    assert "People were not refreshed 2\xa0minutes ago. 12 people are missing." in html
    SyncRun.objects.update(state=SyncRun.State.DONE)
    assert "All is well" in home(client)


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (
            State.PAUSED,
            "Our org moves",
            "Paused since 2 Nov 2026, 13:00: Our org moves. Nothing new arrives until somebody"
            " presses Resume; what happens in Salesforce meanwhile is read then.",
        ),
        (
            State.RECONNECT_REQUIRED,
            "The access was revoked in Salesforce.",
            "The access was revoked in Salesforce. Nothing new has arrived since 2 Nov 2026, 13:00;"
            " what happens in Salesforce meanwhile is read once somebody reconnects.",
        ),
        (
            State.TERMINATED,
            "The integration was terminated.",
            "The integration was terminated. Nothing new has arrived since 2 Nov 2026, 13:00."
            " Connecting the same org again goes on where it stopped.",
        ),
    ],
)
def test_a_standstill_says_what_happened_since_when_and_what_next(
    connection: Connection, state: str, reason: str, words: str
) -> None:
    connection.state, connection.state_reason, connection.state_since = state, reason, NOON
    with timezone.override("Europe/Oslo"):
        assert health(connection) == words


def test_a_silent_worker_is_said_with_whom_to_ask(connection: Connection) -> None:
    connection.state_since = NOON
    with timezone.override("Europe/Oslo"):
        assert health(connection) == (
            "No worker has answered since 2 Nov 2026, 13:00: nothing new arrives. Ask whoever runs"
            " Scoreline to start it: manage.py qcluster."
        )


def test_a_refresh_asked_for_during_a_pause_says_that_it_is_one(
    client: Client, connection: Connection
) -> None:
    Connection.objects.update(state=State.PAUSED, state_reason="Our org moves")
    refused = client.post(f"{LIST}{connection.pk}/refresh/")
    assert "the connection is paused. The reason: “Our org moves”." in messages(refused)
    assert "Paused:</strong> Our org moves. The list stays" in html_at(client, list_of(connection))
