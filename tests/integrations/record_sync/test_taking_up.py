"""Each half minute the work that nobody does is found, in a few queries for all connections."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import Company
from activities.models import ActivityType
from integrations.models import Connection, SyncRun, Watermark, Workflow
from integrations.record_sync import taking_up

State = Workflow.State


@pytest.fixture
def _at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_up, "NIGHT", (time.min, time.max))


def followed(company: Company, *objects: str, state: str = State.ON) -> Connection:
    """A connection that was polled just now, with a workflow for each of these objects."""
    connection = Connection.objects.create(
        company=company, state=Connection.State.CONNECTED, polled_at=timezone.now()
    )
    kind, _ = ActivityType.objects.get_or_create(company=company, name="Deal won")
    for name in objects:
        Workflow.objects.create(
            company=company,
            connection=connection,
            name=name,
            object_name=name,
            activity_type=kind,
            date_field="CloseDate",
            state=state,
        )
        Watermark.objects.create(
            company=company, connection=connection, object_name=name, polled_at=timezone.now()
        )
    return connection


@pytest.mark.usefixtures("_at_night")
def test_five_connections_are_looked_at_in_as_many_queries_as_one(company: Company) -> None:
    counts = []
    for number in (1, 4):
        for _ in range(number):
            connection = followed(company, "Opportunity", "Task")
            SyncRun.objects.create(
                company=company,
                connection=connection,
                kind=SyncRun.Kind.BACKFILL,
                object_name="Opportunity",
            )
        long_ago = timezone.now() - timedelta(hours=1)
        Watermark.objects.update(reconciled_at=timezone.now())
        Connection.objects.update(polled_at=long_ago)
        SyncRun.objects.update(created_at=long_ago)
        OrmQ.objects.all().delete()
        with CaptureQueriesContext(database) as queries:
            taking_up.take_up_work()
        counts.append(sum(query["sql"].startswith("SELECT") for query in queries))
        assert OrmQ.objects.count() == 2 * Connection.objects.count(), "a poll and a run each"
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("_at_night")
def test_at_night_what_is_followed_is_compared_once(company: Company) -> None:
    """Not what was compared, has failed tonight, is switched off, or has few requests left."""
    wanted = followed(company, "Opportunity", "Task", "Event")
    Watermark.objects.filter(object_name="Task").update(reconciled_at=timezone.now())
    followed(company, "Opportunity", state=State.OFF)
    paused, used_up = followed(company, "Opportunity"), followed(company, "Opportunity")
    Connection.objects.filter(pk=paused.pk).update(state=Connection.State.PAUSED)
    Connection.objects.filter(pk=used_up.pk).update(api_calls_used=75, api_calls_allowed=100)
    failed = SyncRun.objects.create(
        company=company,
        connection=wanted,
        kind=SyncRun.Kind.RECONCILE,
        object_name="Event",
        state=SyncRun.State.FAILED,
    )
    for _ in range(2):
        taking_up.take_up_work()
    runs = SyncRun.objects.exclude(pk=failed.pk)
    assert list(runs.values_list("connection", "object_name")) == [(wanted.pk, "Opportunity")]
    SyncRun.objects.filter(pk=failed.pk).update(created_at=timezone.now() - timedelta(hours=13))
    taking_up.take_up_work()
    assert set(runs.values_list("object_name", flat=True)) == {"Opportunity", "Event"}
