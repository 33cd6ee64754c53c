"""Killed anywhere, started again: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection as database
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import Connection, Lease, SyncPlan, UserMapping
from integrations.schedules import write_schedules
from integrations.user_sync import applying, approving
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.taking_up import take_up_work
from tests.integrations.user_sync.builders import people
from tests.waiting import let_a_random_time_pass, wait_until

from .worker import Worker, end_other_database_connections

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

State = SyncPlan.State


@pytest.fixture
def connection() -> Connection:
    company = Company.objects.create(
        name="Maventech", slug="maventech", time_zone="Europe/Oslo", currency="NOK"
    )
    return Connection.objects.create(
        company=company, login_url="https://x.salesforce.com", state=Connection.State.CONNECTED
    )


@pytest.fixture
def admin(connection: Connection) -> User:
    return User.objects.create_user(
        company=connection.company, email="dana@example.com", role=User.Role.ADMIN
    )


def approved_import(connection: Connection, admin: User, rows: int) -> SyncPlan:
    people(connection, range(rows))
    plan = plan_import(connection, connection.directory.order_by("pk"), by=admin)
    approving.approve(plan, by=admin)
    return plan


def is_done(plan: SyncPlan) -> bool:
    plan.refresh_from_db()
    return plan.state == State.DONE


def assert_everybody_once(plan: SyncPlan, rows: int) -> None:
    assert set(plan.changes.values_list("outcome", flat=True)) == {"done"}
    assert User.objects.filter(role=User.Role.MEMBER).count() == rows
    assert UserMapping.objects.count() == rows
    made = dict(plan.changes.values_list("salesforce_user_id", "account_id"))
    assert made == dict(UserMapping.objects.values_list("salesforce_user_id", "account_id"))
    assert len(set(made.values())) == rows


def a_minute_later() -> None:
    """What the beat does once the dead worker's leases have run out."""
    Lease.objects.update(expires_at=timezone.now())
    SyncPlan.objects.filter(state=State.QUEUED).update(
        approved_at=timezone.now() - timedelta(minutes=2)
    )
    take_up_work()


def rows_done(plan: SyncPlan) -> int:
    return plan.changes.exclude(outcome="waiting").count()


def killed_again_and_again(plan: SyncPlan, times: int) -> None:
    """Kill the cluster at random moments of its work, then let it end."""
    for _ in range(times):
        gets_further = partial(_gets_further, plan, rows_done(plan))
        with Worker() as worker:
            wait_until(gets_further, "the worker has gone on", 60)
            let_a_random_time_pass(0, 0.5)
            worker.kill()
        a_minute_later()
    with Worker():
        wait_until(lambda: is_done(plan), "the plan is done", 60)


def _gets_further(plan: SyncPlan, than_rows: int) -> bool:
    return is_done(plan) or rows_done(plan) > than_rows


def test_an_import_killed_at_random_moments_ends_like_any_other(
    connection: Connection, admin: User
) -> None:
    plan = approved_import(connection, admin, rows=4_000)
    killed_again_and_again(plan, times=3)
    assert_everybody_once(plan, rows=4_000)


def test_a_revert_killed_at_random_moments_ends_like_any_other(
    connection: Connection, admin: User
) -> None:
    plan = approved_import(connection, admin, rows=3_000)
    assert applying.apply_plan(plan.pk) == applying.Ended.DONE
    plan.refresh_from_db()
    revert = plan_revert(plan, by=admin)
    approving.approve(revert, by=admin)
    killed_again_and_again(revert, times=3)
    assert list(User.objects.all()) == [admin]
    assert not UserMapping.objects.exists()


def test_a_worker_killed_in_the_middle_goes_on_by_itself_within_two_minutes(
    connection: Connection, admin: User
) -> None:
    """Nobody helps here: the lease runs out and the beat finds the plan."""
    write_schedules()
    plan = approved_import(connection, admin, rows=500)
    _hold_up_the_work()
    try:
        with Worker() as worker:
            wait_until(_somebody_is_held_up, "a batch is held up", 60)
            assert plan_state(plan) == State.APPLYING
            _kill_processes_of(worker, holding=plan)
            _let_the_work_go()
            killed = time.monotonic()
            wait_until(lambda: is_done(plan), "the plan is done", 120)
            assert time.monotonic() - killed > 20, "it went on before its lease ran out"
    finally:
        _let_the_work_go()
    assert_everybody_once(plan, rows=500)


def test_two_workers_on_one_plan_end_like_one(connection: Connection, admin: User) -> None:
    plan = approved_import(connection, admin, rows=3_000)

    def work() -> None:
        try:
            while not SyncPlan.objects.filter(pk=plan.pk, state=State.DONE).exists():
                SyncPlan.objects.filter(pk=plan.pk).update(attempts=0)
                applying.apply_plan(plan.pk)
        finally:
            database.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):  # whoever has the lease is believed dead, and is not
        let_a_random_time_pass(0.1, 0.5)
        Lease.objects.update(expires_at=timezone.now())
    for thread in threads:
        thread.join(60)
    assert is_done(plan)
    assert_everybody_once(plan, rows=3_000)


def test_a_database_connection_killed_in_a_batch_loses_nothing(
    connection: Connection, admin: User
) -> None:
    plan = approved_import(connection, admin, rows=4_000)
    ends: list[applying.Ended] = []

    def work() -> None:
        try:
            ends.append(applying.apply_plan(plan.pk))
        finally:
            database.close()

    for _ in range(3):
        worker = threading.Thread(target=work)
        worker.start()
        let_a_random_time_pass(0.1, 0.6)
        end_other_database_connections()
        worker.join(60)
        Lease.objects.update(expires_at=timezone.now())
    assert applying.Ended.INTERRUPTED in ends
    SyncPlan.objects.filter(pk=plan.pk).update(attempts=0)
    assert applying.apply_plan(plan.pk) == applying.Ended.DONE
    assert_everybody_once(plan, rows=4_000)


def plan_state(plan: SyncPlan) -> str:
    plan.refresh_from_db()
    return plan.state


_GATE = """
    CREATE OR REPLACE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(4711);
        RETURN NEW;
    END $$;
    CREATE TRIGGER hold_up BEFORE INSERT ON integrations_usermapping
        FOR EACH STATEMENT EXECUTE FUNCTION hold_up();
"""


def _hold_up_the_work() -> None:
    """The next batch stops at its mappings, with its accounts written and nothing committed."""
    with database.cursor() as cursor:
        cursor.execute(_GATE)
        cursor.execute("SELECT pg_advisory_lock(4711)")


def _somebody_is_held_up() -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def _let_the_work_go() -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
        cursor.execute("DROP FUNCTION IF EXISTS hold_up() CASCADE")


def _kill_processes_of(worker: Worker, *, holding: SyncPlan) -> None:
    """Only the process that applies the plan; its cluster lives on."""
    holder = Lease.objects.get(name=f"plan:{holding.pk}").holder
    pid = int(holder.rpartition(":")[2])
    assert os.getpgid(pid) == worker.process.pid
    os.kill(pid, signal.SIGKILL)
