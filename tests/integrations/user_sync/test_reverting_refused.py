"""When there is nothing to revert, or not now; and which of several previews counts."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations.models import Connection, SyncPlan
from integrations.user_sync import approving
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert

from .builders import applied, imported, outcomes, people, person


def test_a_plan_under_way_is_not_reverted(connection: Connection, admin: User) -> None:
    plan = plan_import(connection, [person(connection, 1)], by=admin)
    approving.approve(plan, by=admin)
    with pytest.raises(PlanError, match="still under way"):
        plan_revert(plan, by=admin)


def test_a_plan_that_changed_nothing_is_not_reverted(connection: Connection, admin: User) -> None:
    plan = imported(connection, [person(connection, 1, is_active=False)], by=admin)
    with pytest.raises(PlanError, match="Nothing was changed"):
        plan_revert(plan, by=admin)


def test_a_plan_that_is_being_reverted_is_not_reverted_once_more(
    connection: Connection, admin: User
) -> None:
    plan = imported(connection, [person(connection, 1)], by=admin)
    approving.approve(plan_revert(plan, by=admin), by=admin)
    with pytest.raises(PlanError, match="being reverted already"):
        plan_revert(plan, by=admin)


def test_a_plan_that_is_reverted_and_its_revert_are_not_reverted(
    connection: Connection, admin: User
) -> None:
    plan = imported(connection, [person(connection, 1)], by=admin)
    revert = applied(plan_revert(plan, by=admin), admin)
    with pytest.raises(PlanError, match="reverted already"):
        plan_revert(plan, by=admin)
    with pytest.raises(PlanError, match="import these people again"):
        plan_revert(revert, by=admin)


def test_a_new_preview_replaces_the_old_one(connection: Connection, admin: User) -> None:
    plan = imported(connection, [person(connection, 1)], by=admin)
    old, new = plan_revert(plan, by=admin), plan_revert(plan, by=admin)
    with pytest.raises(PlanError, match="discarded"):
        approving.approve(old, by=admin)
    assert outcomes(applied(new, admin)) == {"Person 1": "done"}


def test_what_was_never_applied_and_a_superseded_revert_are_called_so(
    connection: Connection, admin: User
) -> None:
    draft = plan_import(connection, people(connection, [1]), by=admin)
    with pytest.raises(PlanError, match="never applied"):
        plan_revert(draft, by=admin)
    plan = imported(connection, people(connection, [2]), admin)
    first = plan_revert(plan, by=admin)
    plan_revert(plan, by=admin)
    with pytest.raises(PlanError, match="Press Revert again"):
        approving.approve(first, by=admin)


@pytest.fixture
def stopped(connection: Connection, admin: User) -> SyncPlan:
    """A plan that was stopped when some of its rows were done."""
    plan = imported(connection, people(connection, (1, 2)), by=admin)
    SyncPlan.objects.filter(pk=plan.pk).update(state=SyncPlan.State.STOPPED)
    plan.refresh_from_db()
    return plan


def test_a_revert_waits_while_its_plan_goes_on_again(stopped: SyncPlan, admin: User) -> None:
    revert = plan_revert(stopped, by=admin)
    approving.resume(stopped, by=admin)
    with pytest.raises(PlanError, match="under way again"):
        approving.approve(revert, by=admin)
    assert revert.state == SyncPlan.State.DRAFT


def test_a_revert_that_was_stopped_waits_while_its_plan_goes_on_again(
    stopped: SyncPlan, admin: User
) -> None:
    revert = plan_revert(stopped, by=admin)
    approving.approve(revert, by=admin)
    approving.stop(revert, by=admin)
    approving.resume(stopped, by=admin)
    with pytest.raises(PlanError, match="under way again"):
        approving.resume(revert, by=admin)
