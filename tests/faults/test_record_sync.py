"""The record sync with real workers and real kills; the comments number the experiments."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task
from pytest_django import Settings

from accounts.models import Company
from activities.models import ActivityReport
from integrations import leases
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.demo_org.store import Row
from integrations.models import Connection, Lease, SalesforceRecord, SyncRun
from integrations.record_sync import arriving, backfilling, evaluating, polling, taking_up
from integrations.record_sync.backfilling import request_backfill
from integrations.schedules import write_schedules
from tests.integrations.record_sync.conftest import connected
from tests.integrations.record_sync.world import (
    LONG_AGO,
    account,
    deal,
    poll,
    rep,
    reports,
    switched_on,
    written,
)
from tests.waiting import let_a_random_time_pass, wait_until

from .worker import Worker, end_other_database_connections

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def loopback(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    settings.BASE_URL = "http://testserver"
    monkeypatch.setenv("SALESFORCE_ALLOW_LOOPBACK", "true")  # for the workers


@pytest.fixture
def org() -> Iterator[DemoOrg]:
    org = DemoOrg.empty()
    with run_in_thread(org):
        yield org


@pytest.fixture
def company() -> Company:
    return Company.objects.create(
        name="Maventech", slug="maventech", time_zone="America/Chicago", currency="USD"
    )


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    return connected(company, org)


@pytest.fixture
def ann(connection: Connection, org: DemoOrg) -> Row:
    ann = rep(org, "Ann")
    account(connection, ann)
    return ann


def a_minute_later() -> None:
    """What the beat does once the dead worker's leases have run out."""
    Lease.objects.update(expires_at=timezone.now())
    long_ago = timezone.now() - timedelta(minutes=2)
    SyncRun.objects.filter(state=SyncRun.State.QUEUED).update(created_at=long_ago)
    Connection.objects.update(polled_at=long_ago)
    taking_up.take_up_work()


def state_of(run: SyncRun) -> str:
    run.refresh_from_db()
    return run.state


# F9
def test_a_backfill_killed_at_random_moments_ends_like_any_other(
    connection: Connection, org: DemoOrg, ann: Row
) -> None:
    for _ in range(600):
        deal(org, ann)
    switched_on(connection, since=None)
    org.faults.break_it("small_pages", value="20")
    run = request_backfill(connection, "Opportunity", LONG_AGO, by=None)
    killed_at: list[int] = []
    for _ in range(3):
        with Worker() as worker:
            wait_until(partial(_goes_on, run, run.read), "a page was read", 60)
            let_a_random_time_pass(0, 0.1)
            worker.kill()
        run.refresh_from_db()
        killed_at.append(run.read)
        a_minute_later()
    assert 0 < killed_at[0] < 600
    with Worker():
        wait_until(lambda: state_of(run) == SyncRun.State.DONE, "the backfill is done", 90)
    assert len(reports()) == ActivityReport.objects.count() == 600
    assert run.read <= 600 + 3 * 20, "more than one page was redone after a kill"


# F9
def test_the_database_going_away_in_a_page_loses_nothing(
    connection: Connection, org: DemoOrg, ann: Row
) -> None:
    switched_on(connection, since=None)
    for _ in range(300):
        deal(org, ann)
    org.faults.break_it("small_pages", value="20")
    for _ in range(2):
        assert not _polled_while_the_database_goes_away(connection)
        assert 0 < SalesforceRecord.objects.count() < 300
        Lease.objects.update(expires_at=timezone.now())
    poll(connection)
    assert len(reports()) == ActivityReport.objects.count() == 300


# F11
def test_the_same_work_delivered_twice_is_done_once(
    connection: Connection, org: DemoOrg, ann: Row
) -> None:
    switched_on(connection, since=None)
    for _ in range(100):
        deal(org, ann)
    org.faults.break_it("small_pages", value="10")
    with ThreadPoolExecutor(3) as pool:
        assert True in list(pool.map(_poll_in_a_thread, [connection.pk] * 3))
    assert len(reports()) == ActivityReport.objects.count() == 100
    before = written()
    poll(connection)
    assert written() == before


# F12
@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "55P03"])
def test_a_page_in_others_way_is_written_again_as_a_whole(
    connection: Connection,
    org: DemoOrg,
    ann: Row,
    monkeypatch: pytest.MonkeyPatch,
    sqlstate: str,
) -> None:
    """The database itself refuses twice, after the records are written."""
    switched_on(connection, since=None)
    for _ in range(10):
        deal(org, ann)
    whole, left = evaluating.evaluate, 2

    def refused(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        said = whole(*args, **kwargs)
        if left:
            left -= 1
            with database.cursor() as cursor:
                cursor.execute(
                    f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$"
                )
        return said

    monkeypatch.setattr(arriving, "evaluate", refused)
    poll(connection)
    assert left == 0
    assert len(reports()) == 10


# F16
def test_a_worker_that_was_away_for_a_day_polls_once(
    connection: Connection, org: DemoOrg, ann: Row
) -> None:
    switched_on(connection, since=None)
    OrmQ.objects.all().delete()
    Connection.objects.update(polled_at=timezone.now() - timedelta(days=1))
    write_schedules()
    won = deal(org, ann)
    with Worker():
        wait_until(lambda: won["Id"] in reports(), "the deal is reported", 90)
    assert ActivityReport.objects.count() == 1


# F17
def test_an_org_that_hangs_does_not_stop_another_companys(
    connection: Connection, org: DemoOrg, ann: Row
) -> None:
    switched_on(connection, since=None)
    with run_in_thread(DemoOrg.believable(people=15)) as other:
        slow = connected(
            Company.objects.create(name="Slow", slug="slow", time_zone="UTC", currency="USD"),
            other.org,
        )
        switched_on(slow, since=None)
        other.org.faults.break_it("hang")
        OrmQ.objects.all().delete()
        won = deal(org, ann)
        async_task("integrations.tasks.poll_records", slow.pk)
        async_task("integrations.tasks.poll_records", connection.pk)
        with Worker():
            wait_until(lambda: other.org.faults.broken[0].hits, "the slow org hangs", 60)
            wait_until(lambda: won["Id"] in reports(), "the deal is reported", 60)
            still_hangs = not leases.is_free(leases.of_records(slow.pk))
    assert still_hangs
    assert not SalesforceRecord.objects.filter(connection=slow).exists()


# F10
def test_a_round_that_keeps_dying_asks_for_a_person(
    connection: Connection, org: DemoOrg, ann: Row
) -> None:
    switched_on(connection, since=None)
    run = request_backfill(connection, "Opportunity", LONG_AGO, by=None)
    SyncRun.objects.filter(pk=run.pk).update(attempts=5, state=SyncRun.State.RUNNING)
    backfilling.backfill(run.pk)
    assert state_of(run) == SyncRun.State.FAILED
    assert "tell support" in run.error


def _goes_on(run: SyncRun, behind: int) -> bool:
    return state_of(run) == SyncRun.State.DONE or run.read > behind


def _polled_while_the_database_goes_away(connection: Connection) -> bool:
    """What the poll said of itself: false when it was interrupted."""
    before = SalesforceRecord.objects.count()
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(_poll_in_a_thread, connection.pk)
        wait_until(lambda: SalesforceRecord.objects.count() > before, "a page was taken in")
        assert end_other_database_connections() > 0
        return said.result(60)


def _poll_in_a_thread(connection_id: int) -> bool:
    try:
        return polling.poll(connection_id)
    finally:
        database.close()
