"""The nightly comparison, month by month: what the poll missed is repaired."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import Connection, SalesforceRecord, SyncRun, Watermark
from integrations.record_sync import reconciling
from integrations.record_sync.reconciling import months_later, reconcile, request_reconcile

from .world import account, deal, rep, reports, switched_on, verdict, written

State = SyncRun.State


def compared(connection: Connection) -> SyncRun:
    run = request_reconcile(connection, "Opportunity", by=None)
    reconcile(run.pk)
    run.refresh_from_db()
    assert run.state == State.DONE, run.error
    return run


def deal_of(org: DemoOrg, owner: Row, stamp: datetime) -> Row:
    """One that has not changed since it was made, then."""
    return deal(org, owner, CreatedDate=stamp, LastModifiedDate=stamp)


def vanish(org: DemoOrg, *record_ids: str) -> None:
    """Salesforce neither shows them any more nor lists them as deleted."""
    for record_id in record_ids:
        del org.store._tables["Opportunity"][record_id]


@pytest.mark.django_db(transaction=True)
def test_the_comparison_repairs_what_the_poll_missed(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    stamp = org.store.now() - timedelta(days=40)
    kept, changed, purged, hidden, missed = (deal_of(org, ann, stamp) for _ in range(5))
    switched_on(connection)
    assert len(reports()) == 5
    SalesforceRecord.objects.filter(record_id=missed["Id"]).delete()
    org.store.restore(
        "Opportunity",
        changed | {"Amount": 5.0, "SystemModstamp": stamp + timedelta(days=1)},
    )
    vanish(org, hidden["Id"])
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


def test_a_comparison_says_what_it_cost_where_it_found_nothing_too(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    switched_on(connection)
    before = org.api_calls
    run = compared(connection)
    assert run.added == run.changed == 0
    assert run.api_calls == org.api_calls - before > 0


def test_a_field_that_is_hidden_meanwhile_does_not_end_the_comparison(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    missed = deal_of(org, ann, org.store.now() - timedelta(days=40))
    switched_on(connection)
    SalesforceRecord.objects.all().delete()
    org.hidden_fields[org.integration_user_id] = {"Opportunity.Amount"}
    Watermark.objects.update(read_until=org.store.now() + timedelta(minutes=20))
    assert compared(connection).added == 1
    assert SalesforceRecord.objects.get().record_id == missed["Id"]


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
        deal_of(org, ann, stamp)
    switched_on(connection)
    *_, last = kept = list(SalesforceRecord.objects.order_by("system_modstamp"))
    SalesforceRecord.objects.filter(pk__in=[one.pk for one in kept[4:8]]).delete()
    vanish(org, last.record_id)
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
    old, late = (deal_of(org, ann, now - timedelta(days=days)) for days in (3_000, 10))
    switched_on(connection)
    vanish(org, old["Id"], late["Id"])
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
    assert compared(connection).missing == 2
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
