"""Very many records through a job of the Bulk API: taken up again, begun anew, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.connecting.terminating import terminate
from integrations.credentials import client_for
from integrations.demo_org import query_jobs
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SalesforceRecord, SyncRun
from integrations.record_sync import backfilling, bulk_reading, taking_up, workflows
from integrations.record_sync.left_jobs import forget_left_jobs
from integrations.salesforce import bulk
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import PermanentError

from .conftest import log_in
from .world import LONG_AGO, account, backfilled, deal, rep, reports, switched_on, written

State = SyncRun.State


def request(connection: Connection) -> SyncRun:
    return backfilling.request_backfill(connection, "Opportunity", LONG_AGO, by=None)


@pytest.mark.django_db(transaction=True)
def test_bulk_and_pages_bring_the_same(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    made = [deal(org, ann, Name=f"Deal “{n}”,\nline", Amount=n + 0.5) for n in range(50)]
    org.update("Opportunity", made[0]["Id"], IsDeleted=True)
    switched_on(connection)
    before = written()
    assert len(reports()) == 49
    monkeypatch.setattr(backfilling, "BULK_FROM", 10)
    run = backfilled(request(connection))
    assert run.read == 50
    assert written() == before, "the same records looked different in bulk"


def test_a_backfill_by_bulk_goes_on_with_its_job(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", 10)
    monkeypatch.setattr("integrations.salesforce.bulk.ROWS_AT_ONCE", 10)
    ann = rep(org, "Ann")
    account(connection, ann)
    for _ in range(35):
        deal(org, ann)
    switched_on(connection, since=None)
    run = request(connection)
    org.faults.break_it("request_limit", after=6)
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert run.bulk_job_id
    read = run.read
    assert 0 < read < 35
    org.faults.mend_everything()
    SyncRun.objects.filter(pk=run.pk).update(state=State.QUEUED, retry_at=None)
    run = backfilled(run)
    assert run.read == 35
    assert SalesforceRecord.objects.count() == 35


def test_a_job_that_the_org_has_forgotten_meanwhile_is_begun_anew(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", 10)
    monkeypatch.setattr("integrations.salesforce.bulk.ROWS_AT_ONCE", 5)
    ann = rep(org, "Ann")
    for _ in range(12):
        deal(org, ann)
    switched_on(connection, since=None)
    run = request(connection)
    org.faults.break_it("request_limit", after=6)
    backfilling.backfill(run.pk)
    org.faults.mend_everything()
    run.refresh_from_db()
    assert 0 < run.read < 12
    SyncRun.objects.filter(pk=run.pk).update(
        state=State.QUEUED, retry_at=None, bulk_job_id="750000000000001AAA"
    )
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert (run.state, run.read, run.bulk_job_id) == (State.FAILED, 0, "")
    assert run.retry_at is not None
    SyncRun.objects.filter(pk=run.pk).update(state=State.QUEUED, retry_at=None)
    assert backfilled(run).read == 12


def test_a_job_that_began_without_a_field_is_begun_anew_with_it(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", 10)
    monkeypatch.setattr("integrations.salesforce.bulk.ROWS_AT_ONCE", 10)
    ann = rep(org, "Ann")
    account(connection, ann)
    for _ in range(25):
        deal(org, ann, LeadSource="Web")
    on = switched_on(connection, since=None)
    run = request(connection)
    org.faults.break_it("request_limit", after=6)
    backfilling.backfill(run.pk)
    org.faults.mend_everything()
    workflows.change(on, [workflows.Condition("LeadSource", "equals", "Web")], by=None)
    SyncRun.objects.filter(pk=run.pk).update(state=State.QUEUED, retry_at=None)
    run = backfilled(run)
    assert run.read == 25
    assert len(reports()) == 25, "what was never asked for is not empty"


def test_a_job_that_takes_long_lets_the_worker_go_and_costs_no_attempt(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "BULK_FROM", 10)
    ann = rep(org, "Ann")
    account(connection, ann)
    for _ in range(12):
        deal(org, ann)
    switched_on(connection, since=None)
    run = request(connection)
    with monkeypatch.context() as patch:
        patch.setattr(bulk_reading, "LONGEST_WAIT", -1.0)
        backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.read) == (State.RUNNING, 0, 0)
    assert run.bulk_job_id
    run = backfilled(run)
    assert (run.read, run.bulk_job_id) == (12, "")


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
    forget_left_jobs()
    assert jobs(connection) == ["JobComplete"], "it is read when the run is tried again"
    SyncRun.objects.filter(pk=run.pk).update(retry_at=None)
    forget_left_jobs()
    assert jobs(connection) == []
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
    forget_left_jobs()
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


def jobs(connection: Connection) -> list[str]:
    """The state of each job that the org still has."""
    with client_for(connection) as client:
        rows = client.send("GET", "jobs/query", lambda answer: answer.json()["records"])
    return [row["state"] for row in rows]
