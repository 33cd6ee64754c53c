"""No job of the Bulk API is left in the org, with the records in it, when nobody reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from integrations import tasks
from integrations.connecting.terminating import terminate
from integrations.credentials import client_for
from integrations.demo_org import query_jobs
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SyncRun
from integrations.record_sync import backfilling, bulk_reading, left_jobs, taking_up
from integrations.salesforce import bulk
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import PermanentError, TransientError

from .conftest import log_in
from .world import LONG_AGO, account, backfilled, deal, rep, switched_on

State = SyncRun.State


def request(connection: Connection) -> SyncRun:
    return backfilling.request_backfill(connection, "Opportunity", LONG_AGO, by=None)


def test_the_org_does_not_keep_a_job_that_was_read(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", -1)
    deal(org, rep(org, "Ann"))
    switched_on(connection, since=None)
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "forget", refuse)
        assert backfilled(request(connection)).read == 1
    assert jobs(connection) == ["JobComplete"]
    backfilled(request(connection))
    assert jobs(connection) == ["JobComplete"]


def test_a_job_that_is_given_up_goes_on_in_the_org_no_longer(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", -1)
    monkeypatch.setattr(bulk_reading, "GIVEN_UP_AFTER", timedelta(0))
    monkeypatch.setattr(query_jobs.Job, "advance", lambda job, now: None)  # it takes for ever
    switched_on(connection, since=None)
    run = request(connection)
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert (run.state, run.bulk_job_id) == (State.FAILED, "")
    assert run.retry_at is not None
    assert jobs(connection) == []


def test_the_org_keeps_no_job_of_a_run_that_nobody_tries_again(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", -1)
    monkeypatch.setattr(bulk, "results", refuse)
    switched_on(connection, since=None)
    run = request(connection)
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert run.state == State.FAILED
    SyncRun.objects.filter(pk=run.pk).update(retry_at=timezone.now())
    minute_passes()
    assert jobs(connection) == ["JobComplete"], "it is read when the run is tried again"
    SyncRun.objects.filter(pk=run.pk).update(retry_at=None)
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "forget", fail_in_passing)
        minute_passes()
    assert jobs(connection) == ["JobComplete"]
    minute_passes()
    assert jobs(connection) == [], "what failed in passing is done by the next minute"
    run.refresh_from_db()
    assert run.bulk_job_id == ""


def test_the_org_keeps_the_job_of_a_run_that_goes_on_when_there_is_access_again(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", -1)
    ann = rep(org, "Ann")
    deal(org, ann)
    switched_on(connection, since=None)
    run = request(connection)
    with monkeypatch.context() as patch:
        patch.setattr(bulk_reading, "LONGEST_WAIT", -1.0)
        backfilling.backfill(run.pk)
    terminate(connection, by=account(connection, ann))
    backfilling.backfill(run.pk)
    log_in(connection, org)
    run.refresh_from_db()
    job = run.bulk_job_id
    minute_passes()
    run.refresh_from_db()
    assert (run.state, run.bulk_job_id) == (State.FAILED, job)
    assert len(jobs(connection)) == 1
    taking_up.take_up_work()
    assert backfilled(run).read == 1


def test_the_org_keeps_no_job_of_a_backfill_that_was_to_reach_back_farther(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", -1)
    deal(org, rep(org, "Ann"))
    switched_on(connection, since=None)
    run = request(connection)
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "results", refuse)
        backfilling.backfill(run.pk)
    SyncRun.objects.filter(pk=run.pk).update(state=State.QUEUED)
    earlier = LONG_AGO - timedelta(days=1)
    again = backfilling.request_backfill(connection, "Opportunity", earlier, by=None)
    assert backfilled(again).read == 1
    assert (again, jobs(connection)) == (run, [])


def refuse(client: SalesforceClient, job_id: str, locator: str = "") -> None:
    raise PermanentError("Not today.")


def fail_in_passing(client: SalesforceClient, job_id: str) -> None:
    raise TransientError("Salesforce is busy.")


def minute_passes() -> None:
    """The worker looks for jobs that are left, and does what it queued."""
    OrmQ.objects.all().delete()
    left_jobs.queue_left_jobs()
    for row in OrmQ.objects.all():
        tasks.forget_left_job(*row.task["args"])


def jobs(connection: Connection) -> list[str]:
    """The state of each job that the org still has."""
    with client_for(connection) as client:
        rows = client.send("GET", "jobs/query", lambda answer: answer.json()["records"])
    return [row["state"] for row in rows]
