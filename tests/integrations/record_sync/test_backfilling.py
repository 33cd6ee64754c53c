"""The backfill by pages: one at a time, widened, interrupted, and stopped by the budget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from integrations import connection_states
from integrations.connecting.terminating import terminate
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SyncRun, Workflow
from integrations.record_sync import backfilling, runs, taking_up

from .conftest import log_in
from .world import LONG_AGO, account, backfilled, deal, rep, reports, switched_on

State = SyncRun.State

#: Changed so long ago that only its date brings it.
OLD_STAMPS = dict.fromkeys(
    ("CreatedDate", "LastModifiedDate", "SystemModstamp"), datetime(2018, 1, 1, tzinfo=UTC)
)


def request(connection: Connection) -> SyncRun:
    return backfilling.request_backfill(connection, "Opportunity", LONG_AGO, by=None)


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


def test_a_field_that_is_hidden_meanwhile_ends_it_for_no_workflow_without_that_field(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    old = deal(org, ann)
    org.store.restore("Opportunity", old | OLD_STAMPS)
    won = switched_on(connection, since=None)
    created = switched_on(connection, "opportunity-created", since=None)
    Workflow.objects.update(counts_from=None)
    org.hidden_fields[org.integration_user_id] = {"Opportunity.Amount"}
    assert backfilled(request(connection)).read == 1
    won.refresh_from_db()
    created.refresh_from_db()
    assert won.state == Workflow.State.NEEDS_ATTENTION
    assert created.state == Workflow.State.ON
    assert old["Id"] in reports()


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


def pause(connection: Connection, by: User) -> None:
    connection_states.paused(connection, "We move.", by=by)


def resume(connection: Connection, org: DemoOrg) -> None:
    connection_states.resumed(connection, by=None)


@pytest.mark.parametrize(("end", "begin"), [(pause, resume), (terminate, log_in)])
def test_what_is_being_read_stops_with_the_access_and_goes_on_when_it_is_back(
    connection: Connection,
    org: DemoOrg,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[..., object],
    begin: Callable[[Connection, DemoOrg], None],
) -> None:
    ann = rep(org, "Ann")
    by = account(connection, ann)
    for _ in range(10):
        deal(org, ann)
    switched_on(connection, since=None)
    run = request(connection)
    org.faults.break_it("small_pages", value="5")

    def end_behind_the_first_page() -> None:
        if SyncRun.objects.get(pk=run.pk).read:
            end(connection, by=by)

    with monkeypatch.context() as patch:
        patch.setattr(runs, "BEAT_EVERY", -1.0)
        patch.setattr(runs, "beat", end_behind_the_first_page)
        backfilling.backfill(run.pk)
    taking_up.take_up_work()
    run.refresh_from_db()
    assert (run.state, run.read, run.attempts) == (State.FAILED, 5, 0)
    assert connection.state_reason in run.error
    begin(connection, org)
    taking_up.take_up_work()
    assert SyncRun.objects.filter(pk=run.pk, state=State.QUEUED), "within a minute"
    assert backfilled(run).read == 10
