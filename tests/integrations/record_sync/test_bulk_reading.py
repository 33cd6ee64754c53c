"""Very many records through a job of the Bulk API: taken up again, begun anew, forgotten."""

from __future__ import annotations

import pytest

from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SalesforceRecord, SyncRun
from integrations.record_sync import backfilling, bulk_reading, workflows

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
