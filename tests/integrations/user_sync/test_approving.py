from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import AuditEntry, Company, User
from integrations.models import Connection, SyncPlan
from integrations.user_sync import applying, approving
from integrations.user_sync.errors import AlreadyApproved, PlanError
from integrations.user_sync.planning import plan_import

from .builders import account, outcomes, people

State = SyncPlan.State


@pytest.fixture
def plan(connection: Connection, admin: User) -> SyncPlan:
    return plan_import(connection, people(connection, range(3)), by=admin)


def test_approval_queues_the_plan_and_its_task(plan: SyncPlan, admin: User) -> None:
    approving.approve(plan, by=admin)
    assert (plan.state, plan.approved_by) == (State.QUEUED, admin)
    assert plan.approved_at is not None
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"]) == ("integrations.tasks.apply_plan", (plan.pk,))
    assert AuditEntry.objects.get(action="plan.approved").actor == admin


def test_the_second_admin_is_told_who_was_first_and_when(
    plan: SyncPlan, admin: User, company: Company
) -> None:
    approving.approve(plan, by=admin)
    with pytest.raises(AlreadyApproved) as refused:
        approving.approve(plan, by=account(company, "erin@example.com", role=User.Role.ADMIN))
    assert str(refused.value) == "Dana Cole already approved this change."
    assert refused.value.when == plan.approved_at
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_at_the_same_moment_one_approves(plan: SyncPlan, admin: User) -> None:
    outcomes = _at_once(lambda: approving.approve(SyncPlan.objects.get(pk=plan.pk), by=admin), 5)
    assert outcomes.count(None) == 1
    assert [type(one) for one in outcomes if one is not None] == [AlreadyApproved] * 4
    assert OrmQ.objects.count() == 1


def test_a_discarded_plan_is_never_applied(plan: SyncPlan, admin: User) -> None:
    approving.discard(plan, by=admin)
    with pytest.raises(PlanError, match="discarded"):
        approving.approve(plan, by=admin)
    assert applying.apply_plan(plan.pk) == applying.Ended.STOPPED
    assert set(outcomes(plan).values()) == {"waiting"}


def test_an_approved_plan_is_not_discarded(plan: SyncPlan, admin: User) -> None:
    approving.approve(plan, by=admin)
    with pytest.raises(AlreadyApproved):
        approving.discard(plan, by=admin)


def test_stop_before_the_worker_came_and_continue(plan: SyncPlan, admin: User) -> None:
    approving.approve(plan, by=admin)
    approving.stop(plan, by=admin)
    assert plan.state == State.STOPPED
    applying.apply_plan(plan.pk)
    assert set(outcomes(plan).values()) == {"waiting"}
    approving.resume(plan, by=admin)
    applying.apply_plan(plan.pk)
    assert set(outcomes(plan).values()) == {"done"}


def test_stop_asks_a_worker_that_is_at_it(plan: SyncPlan, admin: User) -> None:
    approving.approve(plan, by=admin)
    SyncPlan.objects.filter(pk=plan.pk).update(state=State.APPLYING, started_at=timezone.now())
    approving.stop(plan, by=admin)
    assert plan.state == State.APPLYING
    assert applying.apply_plan(plan.pk) == applying.Ended.STOPPED
    plan.refresh_from_db()
    assert (plan.state, plan.stop_requested_at) == (State.STOPPED, None)


def test_what_is_not_under_way_is_neither_stopped_nor_continued(
    plan: SyncPlan, admin: User
) -> None:
    with pytest.raises(PlanError, match="not under way: to be reviewed"):
        approving.stop(plan, by=admin)
    with pytest.raises(PlanError, match="cannot be continued"):
        approving.resume(plan, by=admin)


def _at_once(act: Callable[[], Any], number: int) -> list[BaseException | None]:
    """Run ``act`` in so many threads at the same moment; what each raised."""
    start = threading.Barrier(number)
    raised: list[BaseException | None] = []

    def run() -> None:
        start.wait(10)
        try:
            act()
            raised.append(None)
        except PlanError as error:
            raised.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(raised) == number
    return raised
