"""A backfill that failed: its workflow's page and the start page say so until it is made good."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.admin.connection_health import health
from integrations.models import Connection, SyncRun, Workflow
from integrations.record_sync.runs import not_made_good
from tests.integrations.record_sync.world import LONG_AGO, backfilled, workflow

from .workflow_form import page

State, Kind = SyncRun.State, SyncRun.Kind

WHY = "Salesforce refused the query."


@pytest.fixture
def won(connection: Connection) -> Workflow:
    """On, without having read anything."""
    made = workflow(connection)
    Workflow.objects.filter(pk=made.pk).update(state=Workflow.State.ON)
    return made


def failed(
    connection: Connection, kind: str = Kind.BACKFILL, object_name: str = "Opportunity"
) -> SyncRun:
    """A round that failed just now, and is not tried again by itself."""
    return SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=kind,
        object_name=object_name,
        state=State.FAILED,
        since=LONG_AGO if kind == Kind.BACKFILL else None,
        finished_at=timezone.now() - timedelta(seconds=150),
        error=WHY,
    )


def test_a_failed_backfill_is_shown_until_a_person_has_had_it_done(
    client: Client, connection: Connection, won: Workflow
) -> None:
    assert "Read them again" not in client.get(page("change", won)).text
    failed(connection)
    html = client.get(page("change", won)).text
    assert f"since 1 Jan 2016 could not be read 2\xa0minutes ago.</b> {WHY}" in html
    said = health(connection)
    assert said.startswith(
        f"Earlier Opportunity records could not be read 2\xa0minutes ago. {WHY} Press Read"
    )
    client.post(page("read_again", won))
    again = SyncRun.objects.get(state=State.QUEUED)
    assert (again.kind, again.since) == (Kind.BACKFILL, LONG_AGO)
    assert "Read them again" not in client.get(page("change", won)).text
    backfilled(again)
    assert "Read them again" not in client.get(page("change", won)).text
    assert "All is well" in health(connection)


def test_a_later_backfill_of_fewer_days_does_not_hide_it(
    client: Client, connection: Connection, won: Workflow
) -> None:
    failed(connection)
    later = SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=Kind.BACKFILL,
        object_name="Opportunity",
        state=State.DONE,
        since=date(2026, 1, 1),
        finished_at=timezone.now() - timedelta(seconds=150),
    )
    assert "Read them again" in client.get(page("change", won)).text
    assert "could not be read" in health(connection)
    SyncRun.objects.filter(pk=later.pk).update(since=None)
    assert "Read them again" not in client.get(page("change", won)).text
    assert "All is well" in health(connection)


def test_one_that_is_tried_again_by_itself_says_when(
    client: Client, connection: Connection, won: Workflow
) -> None:
    failed(connection)
    SyncRun.objects.update(retry_at=timezone.now() + timedelta(minutes=4, seconds=30))
    html, due = client.get(page("change", won)).text, "The next try is 4\xa0minutes from now."
    assert due in html
    assert "Read them again" not in html
    assert health(connection).endswith(due)
    Connection.objects.update(state=Connection.State.PAUSED, state_reason="We move.")
    html = client.get(page("change", won)).text
    assert "It goes on by itself once Salesforce can be asked again." in html


def test_a_failed_comparison_is_not_called_well(connection: Connection, won: Workflow) -> None:
    failed(connection, Kind.RECONCILE)
    said = health(connection)
    assert said.startswith(
        f"Opportunity records could not be compared with Salesforce 2\xa0minutes ago. {WHY}"
    )
    failed(connection)
    assert health(connection).startswith("Earlier Opportunity records"), (
        "missing reports come first"
    )
    Workflow.objects.update(state=Workflow.State.OFF)
    assert "All is well" in health(connection), "nobody waits for its records"


def test_many_failures_are_looked_for_in_as_many_queries_as_none(
    connection: Connection, won: Workflow
) -> None:
    counts = []
    for objects in ((), ("Opportunity", "Task", "Event", "Lead")):
        for name in objects:
            Workflow.objects.get_or_create(
                connection=connection,
                object_name=name,
                defaults={
                    "company": won.company,
                    "name": name,
                    "activity_type": won.activity_type,
                    "date_field": "CreatedDate",
                    "state": Workflow.State.ON,
                },
            )
            failed(connection, object_name=name)
            failed(connection, Kind.RECONCILE, name)
        with CaptureQueriesContext(database) as queries:
            said = health(connection)
        counts.append(len(queries))
        assert ("All is well" in said) == (not objects)
    assert counts[1] <= counts[0]


def test_what_cannot_begin_now_says_why(
    client: Client, connection: Connection, won: Workflow
) -> None:
    failed(connection)
    Connection.objects.update(state=Connection.State.PAUSED, state_reason="We move.")
    answer = client.post(page("read_again", won), follow=True)
    assert "We move." in answer.text
    assert not SyncRun.objects.filter(state=State.QUEUED).exists()
    assert client.get(page("read_again", won)).status_code == 405


def test_among_very_many_polls_it_is_found_along_an_index(
    connection: Connection, won: Workflow
) -> None:
    SyncRun.objects.bulk_create(
        SyncRun(company=won.company, connection=connection, kind=Kind.POLL, state=State.DONE)
        for _ in range(2_000)
    )
    failed(connection)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE integrations_syncrun")
    plan = not_made_good(connection).explain()
    assert plan.count("run_of_object") == 2
    assert "Seq Scan" not in plan
