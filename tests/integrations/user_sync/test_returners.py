"""Returners: whom the policy deactivated comes back as they were, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import states
from accounts.models import Team, User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync import applying, deprovisioning, held, leavers
from integrations.user_sync.reverting import plan_revert

from .builders import applied, notes, outcomes
from .leaving import colleagues, come_back, days_ago, leave, run

pytestmark = pytest.mark.django_db


def test_a_leaver_is_deactivated_after_the_grace_and_comes_back_as_they_were(
    strict: Connection, admin: User
) -> None:
    team = Team.objects.create(company=strict.company, name="West")
    (ann,) = colleagues(strict, [1], team=team, role=User.Role.ADMIN)
    leave(strict, 1, days=2)
    assert run(strict) is None
    DirectoryUser.objects.update(left_at=days_ago(4))
    assert run(strict) is not None
    ann.refresh_from_db()
    assert (ann.state, ann.access_version) == (User.State.DEACTIVATED, 1)
    assert run(strict) is None
    come_back(strict, 1)
    run(strict)
    ann.refresh_from_db()
    assert (ann.state, ann.team, ann.role) == (User.State.ACTIVE, team, User.Role.ADMIN)


def test_an_account_deactivated_by_a_person_does_not_come_back_by_itself(
    strict: Connection, admin: User
) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    run(strict)
    User.objects.filter(pk=ann.pk).update(state=User.State.ACTIVE)
    User.objects.filter(pk=ann.pk).deactivate()
    come_back(strict, 1)
    assert run(strict) is None


def test_whoever_gets_access_again_by_a_revert_keeps_it(strict: Connection, admin: User) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    plan = run(strict)
    assert plan is not None
    applied(plan_revert(plan, by=admin), admin)
    assert run(strict) is None
    ann.refresh_from_db()
    assert ann.is_active
    assert DirectoryUser.objects.get().account_kept_by == admin


def test_whoever_an_admin_gives_access_again_keeps_it(strict: Connection, admin: User) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    run(strict)
    states.reactivate([ann], by=admin)
    assert run(strict) is None
    assert not leavers.to_deactivate(strict).exists()
    come_back(strict, 1)
    leave(strict, 1, days=-1)
    assert leavers.to_deactivate(strict).exists()


def test_a_returner_whose_reactivation_was_refused_is_not_planned_again(
    strict: Connection, admin: User
) -> None:
    (ann, *_) = colleagues(strict, range(10))
    leave(strict, 0)
    run(strict)
    come_back(strict, 0)
    leave(strict, *range(1, 8))
    plan = deprovisioning.plan_by_policy(strict)
    assert plan is not None
    assert plan.state == SyncPlan.State.HELD
    held.decide(plan, by=admin, refuse=plan.changes.values_list("pk", flat=True))
    applying.apply_plan(plan.pk)
    assert run(strict) is None
    ann.refresh_from_db()
    assert ann.state == User.State.DEACTIVATED
    assert leavers.to_reactivate(strict).exists(), "a person may do it all the same"


def test_nobody_is_deactivated_for_being_frozen_who_no_longer_is(
    connection: Connection, admin: User
) -> None:
    (ann,) = colleagues(connection, [1])
    DirectoryUser.objects.update(is_frozen=True)
    plan = leavers.plan_leavers(connection, leavers.to_deactivate(connection), by=admin)
    DirectoryUser.objects.update(is_frozen=False)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "changed"}
    assert "no longer frozen" in notes(plan)["Person 1"]
    ann.refresh_from_db()
    assert ann.is_active


@pytest.mark.parametrize("gone", [{"is_frozen": True}, {"missing_since": days_ago(0)}])
def test_nobody_comes_back_who_was_frozen_or_went_out_of_sight_since_the_preview(
    strict: Connection, admin: User, gone: dict[str, Any]
) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    run(strict)
    come_back(strict, 1)
    plan = leavers.plan_returners(strict, leavers.to_reactivate(strict), by=admin)
    DirectoryUser.objects.update(**gone)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "changed"}
    ann.refresh_from_db()
    assert ann.state == User.State.DEACTIVATED


def test_who_came_back_before_the_worker_is_left_alone(strict: Connection, admin: User) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    plan = deprovisioning.plan_by_policy(strict)
    assert plan is not None
    come_back(strict, 1)
    applying.apply_plan(plan.pk)
    assert outcomes(plan) == {"Person 1": "changed"}
    ann.refresh_from_db()
    assert ann.is_active
