"""Plans about very many people: made by the worker, the same as if they were made at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import Company, Team, User
from integrations.models import Connection, PlannedChange, SyncPlan
from integrations.user_sync import (
    approving,
    late_teams,
    plan_rows,
    planning,
    preparing,
    reverting,
    taking_up,
)
from integrations.user_sync.errors import PlanError
from integrations.user_sync.progress import progress

from .builders import account, applied, imported, people, person

State = SyncPlan.State
Action = PlannedChange.Action


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 3)
    monkeypatch.setattr(preparing, "CHUNK", 2)


def everybody(connection: Connection) -> Any:
    return connection.directory.order_by("name", "pk")


def rows(plan: SyncPlan) -> list[tuple[Any, ...]]:
    shown = ("position", "salesforce_user_id", "action", "reason", "values", "basis")
    return list(plan.changes.order_by("position").values_list(*shown))


def test_few_people_are_decided_about_at_once(connection: Connection, admin: User) -> None:
    people(connection, range(1, 4))
    plan = preparing.plan_import(connection, everybody(connection), by=admin)
    assert (plan.state, plan.choice, plan.changes.count()) == (State.DRAFT, None, 3)
    assert not OrmQ.objects.exists()


def test_many_people_are_decided_about_by_the_worker_just_as_at_once(
    connection: Connection, company: Company, admin: User
) -> None:
    account(company, "person2@example.com")
    people(connection, range(1, 6))
    person(connection, 6, username="person2@example.com")
    plan = preparing.plan_import(connection, everybody(connection), by=admin, role="admin")
    assert (plan.state, plan.changes.count()) == (State.PREPARING, 0)
    assert (progress(plan).done, progress(plan).total) == (0, 6)
    assert [task.func() for task in OrmQ.objects.all()] == [preparing.PREPARE_TASK]
    preparing.prepare(plan.pk)
    plan.refresh_from_db()
    assert (plan.state, plan.choice) == (State.DRAFT, None)
    at_once = planning.plan_import(connection, everybody(connection), by=admin, role="admin")
    assert rows(plan) == rows(at_once)
    assert plan.changes.filter(action=Action.CONFLICT).count() == 2


def test_it_goes_on_where_it_was_killed(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(connection, range(1, 8))
    plan = preparing.plan_import(connection, everybody(connection), by=admin)
    chunks = 0

    def save_two_chunks(*args: Any, **kwargs: Any) -> int:
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise OperationalError("server closed the connection unexpectedly")
        return plan_rows.save_rows(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "save_rows", save_two_chunks)
        patch.setattr("integrations.user_sync.preparing.connection.close", lambda: None)
        preparing.prepare(plan.pk)
    plan.refresh_from_db()
    assert (plan.state, progress(plan).done, progress(plan).total) == (State.PREPARING, 4, 7)
    preparing.prepare(plan.pk)
    preparing.prepare(plan.pk)
    plan.refresh_from_db()
    assert plan.state == State.DRAFT
    assert [row[0] for row in rows(plan)] == [1, 2, 3, 4, 5, 6, 7]


def test_it_is_taken_up_when_its_task_is_lost(connection: Connection, admin: User) -> None:
    people(connection, range(1, 5))
    plan = preparing.plan_import(connection, everybody(connection), by=admin)
    OrmQ.objects.all().delete()
    taking_up.take_up_work()
    assert not OrmQ.objects.exists()
    long_ago = timezone.now() - timedelta(minutes=2)
    SyncPlan.objects.filter(pk=plan.pk).update(created_at=long_ago)
    taking_up.take_up_work()
    assert [task.func() for task in OrmQ.objects.all()] == [preparing.PREPARE_TASK]


def test_after_five_attempts_it_is_given_up_and_says_so(
    connection: Connection, admin: User
) -> None:
    people(connection, range(1, 5))
    plan = preparing.plan_import(connection, everybody(connection), by=admin)
    SyncPlan.objects.filter(pk=plan.pk).update(attempts=preparing.ATTEMPTS)
    preparing.prepare(plan.pk)
    plan.refresh_from_db()
    assert (plan.state, plan.choice) == (State.DISCARDED, None)
    assert "choose the people again" in plan.problem


def test_nothing_is_approved_before_it_was_looked_at(connection: Connection, admin: User) -> None:
    people(connection, range(1, 5))
    plan = preparing.plan_import(connection, everybody(connection), by=admin)
    with pytest.raises(PlanError, match="still being prepared"):
        approving.approve(plan, by=admin)
    approving.discard(plan, by=admin)
    preparing.prepare(plan.pk)
    plan.refresh_from_db()
    assert (plan.state, plan.changes.count()) == (State.DISCARDED, 0)


def test_the_reason_for_ignoring_many_is_kept(connection: Connection, admin: User) -> None:
    people(connection, range(1, 5))
    plan = preparing.plan_ignore(connection, everybody(connection), by=admin, reason="Partners")
    preparing.prepare(plan.pk)
    plan.refresh_from_db()
    applied(plan, admin)
    assert set(connection.directory.values_list("ignored_reason", flat=True)) == {"Partners"}
    again = preparing.plan_stop_ignoring(connection, everybody(connection), by=admin)
    preparing.prepare(again.pk)
    assert set(again.changes.values_list("action", flat=True)) == {Action.STOP_IGNORING}


def test_a_large_revert_is_prepared_too(connection: Connection, admin: User) -> None:
    plan = imported(connection, people(connection, range(1, 6)), admin)
    revert = preparing.plan_revert(plan, by=admin, ignore=True)
    assert (revert.state, revert.rows_to_prepare) == (State.PREPARING, 5)
    preparing.prepare(revert.pk)
    revert.refresh_from_db()
    prepared = rows(revert)
    assert (revert.state, len(prepared)) == (State.DRAFT, 5)
    at_once = reverting.plan_revert(plan, by=admin, ignore=True)
    assert prepared == rows(at_once)
    revert.refresh_from_db()
    assert revert.state == State.DISCARDED
    applied(at_once, admin)
    assert list(User.objects.all()) == [admin]


def test_joining_many_late_teams_is_prepared_too(
    connection: Connection, company: Company, admin: User
) -> None:
    plan = imported(connection, people(connection, range(1, 6), department="West"), admin)
    west = Team.objects.create(company=company, name="West")
    joining = preparing.plan_joining(plan, by=admin)
    assert (joining.state, joining.rows_to_prepare) == (State.PREPARING, 5)
    preparing.prepare(joining.pk)
    joining.refresh_from_db()
    assert joining.state == State.DRAFT
    assert rows(joining) == rows(late_teams.plan_joining(plan, by=admin))
    applied(joining, admin)
    assert User.objects.filter(team=west).count() == 5


def test_people_of_another_connection_are_refused(
    connection: Connection, other_company: Company, admin: User
) -> None:
    other = Connection.objects.create(company=other_company, login_url="https://x.salesforce.com")
    people(other, range(1, 5))
    with pytest.raises(PlanError, match="another connection"):
        preparing.plan_import(connection, everybody(other), by=admin)
    assert not SyncPlan.objects.exists()
