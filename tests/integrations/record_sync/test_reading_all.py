"""The backfill by pages and by the Bulk API, and the nightly comparison."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SalesforceRecord, SyncRun, Watermark, Workflow
from integrations.record_sync import backfilling, bulk_reading, reconciling, taking_up, workflows
from integrations.record_sync.reconciling import months_later, reconcile, request_reconcile
from integrations.salesforce import bulk

from .world import (
    LONG_AGO,
    account,
    backfilled,
    deal,
    rep,
    reports,
    switched_on,
    verdict,
    written,
)

State = SyncRun.State


#: Changed so long ago that only its date brings it.
OLD_STAMPS = dict.fromkeys(
    ("CreatedDate", "LastModifiedDate", "SystemModstamp"), datetime(2018, 1, 1, tzinfo=UTC)
)


def request(connection: Connection) -> SyncRun:
    return backfilling.request_backfill(connection, "Opportunity", LONG_AGO, by=None)


def compared(connection: Connection) -> SyncRun:
    run = request_reconcile(connection, "Opportunity", by=None)
    reconcile(run.pk)
    run.refresh_from_db()
    assert run.state == State.DONE, run.error
    return run


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
    monkeypatch.setattr(backfilling, "BULK_FROM", 0)
    deal(org, rep(org, "Ann"))
    switched_on(connection, since=None)
    kept: list[str] = []
    monkeypatch.setattr(bulk, "forget", lambda client, job_id: kept.append(job_id))
    backfilled(request(connection))
    assert len(kept) == 1


def test_behind_a_backfill_that_has_begun_an_earlier_one_waits_and_is_widened(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    old = deal(org, ann, CloseDate=date(2019, 5, 1))
    org.store.restore("Opportunity", old | OLD_STAMPS)
    switched_on(connection, since=None)
    Workflow.objects.update(counts_from=None)
    ask = partial(backfilling.request_backfill, connection, "Opportunity", by=None)
    first = ask(date(2020, 1, 1))
    assert ask(date(2020, 3, 1)) == first
    SyncRun.objects.filter(pk=first.pk).update(state=State.RUNNING)
    assert ask(date(2021, 1, 1)) == first, "the one under way covers it"
    second = ask(date(2019, 6, 1))
    assert second != first
    assert ask(date(2019, 1, 1)) == second
    backfilling.backfill(second.pk)
    second.refresh_from_db()
    assert (second.state, second.since) == (State.QUEUED, date(2019, 1, 1)), "one at a time"
    backfilled(first)
    assert reports() == {}
    backfilled(second)
    assert old["Id"] in reports()


def test_one_that_failed_in_passing_leaves_its_days_to_the_one_that_waits_behind_it(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    ask = partial(backfilling.request_backfill, connection, "Opportunity", by=None)
    first = ask(date(2020, 1, 1))
    SyncRun.objects.filter(pk=first.pk).update(state=State.RUNNING, field_set="before")
    behind = ask(date(2021, 1, 1))
    SyncRun.objects.filter(pk=first.pk).update(state=State.FAILED, retry_at=timezone.now())
    taking_up.take_up_work()
    first.refresh_from_db()
    behind.refresh_from_db()
    assert (first.state, first.retry_at) == (State.FAILED, None)
    assert (behind.state, behind.since) == (State.QUEUED, date(2020, 1, 1))


def test_a_failed_backfill_leaves_its_days_to_the_one_that_comes_instead(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    first = request(connection)
    org.faults.break_it("request_limit")
    backfilling.backfill(first.pk)
    org.faults.mend_everything()
    instead = backfilling.request_backfill(connection, "Opportunity", date(2026, 1, 1), by=None)
    first.refresh_from_db()
    assert (first.state, first.retry_at) == (State.FAILED, None)
    assert instead.since == LONG_AGO


def test_a_backfill_by_pages_goes_on_where_it_stopped(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    for _ in range(20):
        deal(org, ann)
    switched_on(connection, since=None)
    run = request(connection)
    org.faults.break_it("small_pages", value="5")
    org.faults.break_it("request_limit", after=3)
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert (run.state, run.read) == (State.FAILED, 10)
    assert run.retry_at is not None
    assert "Nothing is lost" in run.error
    org.faults.mend_everything()
    SyncRun.objects.filter(pk=run.pk).update(state=State.QUEUED, retry_at=None)
    run = backfilled(run)
    assert (run.read, run.expected) == (20, 20)


def test_background_work_stops_before_the_orgs_own_use_is_harmed(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    org.faults.break_it("api_usage", value="81")
    run = request(connection)
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "API requests" in run.error
    assert run.retry_at is not None


@pytest.mark.django_db(transaction=True)
def test_the_comparison_repairs_what_the_poll_missed(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    stamp = org.store.now() - timedelta(days=40)
    kept, changed, purged, hidden, missed = (
        deal(org, ann, CreatedDate=stamp, LastModifiedDate=stamp) for _ in range(5)
    )
    switched_on(connection)
    assert len(reports()) == 5
    SalesforceRecord.objects.filter(record_id=missed["Id"]).delete()
    org.store.restore(
        "Opportunity",
        changed | {"Amount": 5.0, "SystemModstamp": stamp + timedelta(days=1)},
    )
    table = org.store._tables["Opportunity"]
    del table[hidden["Id"]]
    org.update("Opportunity", purged["Id"], IsDeleted=True)
    Watermark.objects.update(read_until=org.store.now() + timedelta(minutes=20))
    run = compared(connection)
    assert reports()[changed["Id"]][1] == 5
    assert missed["Id"] in reports()
    assert purged["Id"] not in reports()
    assert hidden["Id"] in reports(), "what is merely not visible keeps its report"
    assert run.missing == 1
    assert verdict(hidden).record.not_visible_since is not None
    before = written()
    compared(connection)
    assert written() == before
    assert kept["Id"] in reports()


@pytest.mark.django_db(transaction=True)
def test_a_month_with_very_many_records_is_compared_in_parts(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "MOST_AT_ONCE", 3)
    ann = rep(org, "Ann")
    account(connection, ann)
    month = (org.store.now() - timedelta(days=70)).replace(day=3)
    at_once = [month + timedelta(hours=2)] * 5
    for stamp in [month, *at_once, *(month + timedelta(days=day) for day in range(1, 6))]:
        deal(org, ann, CreatedDate=stamp, LastModifiedDate=stamp)
    switched_on(connection)
    *_, last = kept = list(SalesforceRecord.objects.order_by("system_modstamp"))
    SalesforceRecord.objects.filter(pk__in=[one.pk for one in kept[4:8]]).delete()
    table = org.store._tables["Opportunity"]
    del table[last.record_id]
    whole = reconciling._Reconcile._ours
    sizes: list[int] = []

    def ours(self: Any, begins: datetime, ends: datetime) -> Any:
        found = whole(self, begins, ends)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(reconciling._Reconcile, "_ours", ours)
    run = compared(connection)
    assert (run.missing, SalesforceRecord.objects.count()) == (1, 11)
    assert sum(sizes) == 7, "each record once"


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_comparison_goes_on_with_the_month_it_was_at(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    now = org.store.now()
    old, late = (
        deal(org, ann, CreatedDate=stamp, LastModifiedDate=stamp)
        for stamp in (now - timedelta(days=3_000), now - timedelta(days=10))
    )
    switched_on(connection)
    table = org.store._tables["Opportunity"]
    del table[old["Id"]]
    del table[late["Id"]]
    Watermark.objects.update(read_until=now + timedelta(minutes=20))
    whole = reconciling._Reconcile._theirs
    months: list[datetime] = []
    interrupted: list[datetime] = []

    def theirs(self: Any, begins: datetime, ends: datetime, all_of_them: bool) -> Any:
        months.append(begins)
        if begins > now - timedelta(days=2_000) and not interrupted:
            interrupted.append(begins)
            raise KeyboardInterrupt
        return whole(self, begins, ends, all_of_them)

    monkeypatch.setattr(reconciling._Reconcile, "_theirs", theirs)
    run = request_reconcile(connection, "Opportunity", by=None)
    with pytest.raises(KeyboardInterrupt):
        reconcile(run.pk)
    run.refresh_from_db()
    assert (run.state, run.missing) == (State.RUNNING, 1)
    reconcile(run.pk)
    run.refresh_from_db()
    assert (run.state, run.missing) == (State.DONE, 2)
    assert len(months) == len(set(months)) + 1, "only the one that was interrupted comes again"
    assert months.count(interrupted[0]) == 2


@pytest.mark.parametrize(
    ("at", "months", "ends"),
    [
        ("2025-11-20T10:00:00+00:00", 1, "2025-12-01"),
        ("2025-12-01T00:00:00+00:00", 1, "2026-01-01"),
        ("2025-11-20T00:00:00+00:00", 12, "2026-11-01"),
        ("2025-12-31T20:00:00-06:00", 2, "2026-03-01"),
    ],
)
def test_calendar_months_end_where_the_next_begins(at: str, months: int, ends: str) -> None:
    assert months_later(datetime.fromisoformat(at), months) == datetime.fromisoformat(
        f"{ends}T00:00:00+00:00"
    )


def test_empty_years_are_compared_with_few_requests(connection: Connection, org: DemoOrg) -> None:
    switched_on(connection)
    asked = org.api_calls
    compared(connection)
    assert org.api_calls - asked < 40


def test_a_comparison_asks_for_one_object_once(connection: Connection, org: DemoOrg) -> None:
    switched_on(connection, since=None)
    one = reconciling.request_reconcile(connection, "Opportunity", by=None)
    assert reconciling.request_reconcile(connection, "Opportunity", by=None) == one
