from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from accounts.models import Company
from integrations import leases, tasks
from integrations.models import Approach, Connection, Heartbeat, Lease, SyncPlan, SyncRun
from integrations.user_sync.progress import SILENT_AFTER, WORKER

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=2)


@pytest.fixture
def connection() -> Connection:
    company = Company.objects.create(
        name="Maventech", slug="maventech", time_zone="Europe/Oslo", currency="NOK"
    )
    return Connection.objects.create(
        company=company, login_url="https://x.salesforce.com", state=Connection.State.CONNECTED
    )


def plan(connection: Connection, state: str, approved: timedelta = LONG_AGO) -> SyncPlan:
    return SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncPlan.Kind.IMPORT,
        approach=Approach.ON_DEMAND,
        state=state,
        approved_at=timezone.now() - approved,
    )


def run(connection: Connection, state: str, **fields: object) -> SyncRun:
    created = SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=state,
        **fields,
    )
    SyncRun.objects.filter(pk=created.pk).update(created_at=timezone.now() - LONG_AGO)
    return created


def queued() -> list[tuple[str, int]]:
    """The tasks in the queue: name and id."""
    tasks = [row.task for row in OrmQ.objects.order_by("pk")]
    return [(task["func"].rpartition(".")[2], task["args"][0]) for task in tasks]


def test_the_worker_beats_every_minute() -> None:
    tasks.every_minute()
    first = Heartbeat.objects.get(name=WORKER).at
    tasks.every_minute()
    assert Heartbeat.objects.get(name=WORKER).at > first


@pytest.mark.parametrize("state", SyncPlan.STATES_UNDER_WAY)
def test_a_plan_that_no_worker_has_in_hand_is_taken_up(connection: Connection, state: str) -> None:
    left = plan(connection, state)
    tasks.every_minute()
    assert queued() == [("apply_plan", left.pk)]


def test_a_plan_in_a_worker_s_hands_is_left_to_it(connection: Connection) -> None:
    busy = plan(connection, SyncPlan.State.APPLYING)
    with leases.held_lease(leases.of_plan(busy.pk)):
        tasks.every_minute()
        assert queued() == []
        Lease.objects.update(expires_at=timezone.now())  # the worker died a minute ago
        tasks.every_minute()
        assert queued() == [("apply_plan", busy.pk)]


def test_a_plan_that_was_just_approved_waits_for_its_own_task(connection: Connection) -> None:
    plan(connection, SyncPlan.State.QUEUED, approved=timedelta(seconds=5))
    tasks.every_minute()
    assert queued() == []


@pytest.mark.parametrize(
    "state",
    [one for one in SyncPlan.State if one not in SyncPlan.STATES_UNDER_WAY],
)
def test_a_plan_that_waits_for_a_person_or_nobody_is_left_alone(
    connection: Connection, state: str
) -> None:
    plan(connection, state)
    tasks.every_minute()
    assert queued() == []


@pytest.mark.parametrize("state", SyncRun.STATES_UNDER_WAY)
def test_a_refresh_that_no_worker_has_in_hand_is_taken_up(
    connection: Connection, state: str
) -> None:
    left = run(connection, state)
    tasks.every_minute()
    assert queued() == [("refresh_directory", left.pk)]


def test_a_refresh_that_failed_in_passing_is_tried_again_when_it_is_time(
    connection: Connection,
) -> None:
    failed = run(connection, SyncRun.State.FAILED, retry_at=timezone.now() + timedelta(minutes=5))
    tasks.every_minute()
    assert queued() == []
    SyncRun.objects.update(retry_at=timezone.now())
    tasks.every_minute()
    assert queued() == [("refresh_directory", failed.pk)]
    failed.refresh_from_db()
    assert (failed.state, failed.retry_at) == (SyncRun.State.QUEUED, None)


def test_a_newer_refresh_comes_instead_of_trying_again(connection: Connection) -> None:
    failed = run(connection, SyncRun.State.FAILED, retry_at=timezone.now())
    newer = run(connection, SyncRun.State.RUNNING)
    tasks.every_minute()
    assert queued() == [("refresh_directory", newer.pk)]
    failed.refresh_from_db()
    assert (failed.state, failed.retry_at) == (SyncRun.State.FAILED, None)


def test_the_schedules_are_written_once_and_mended_by_each_migrate() -> None:
    assert Schedule.objects.count() == 2, "written by the first migrate"
    Schedule.objects.filter(name="every minute").update(repeats=0, func="gone")
    config = apps.get_app_config("integrations")
    post_migrate.send(config, app_config=config, verbosity=0, interactive=False, using="default")
    assert set(Schedule.objects.values_list("func", "minutes", "repeats")) == {
        ("integrations.tasks.every_minute", 1, -1)
    }
    first, second = Schedule.objects.order_by("next_run").values_list("next_run", flat=True)
    assert second - first == timedelta(seconds=30)
    assert second - first < SILENT_AFTER, "two beats must be missed before it counts as silence"


def test_one_step_that_fails_keeps_no_other_from_being_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def breaks() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(tasks, "EACH_MINUTE", (breaks, lambda: done.append("the next one")))
    with pytest.raises(ExceptionGroup) as raised:
        tasks.every_minute()
    assert raised.group_contains(RuntimeError, match="broken")
    assert done == ["the next one"]
