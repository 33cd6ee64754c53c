"""Nobody ends their own access by approving what another admin had planned."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations.models import Connection, SyncPlan
from integrations.user_sync import combining, leavers, returning
from integrations.user_sync.batch import OWN_ACCOUNT
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, imported, mapped, notes, outcomes, person, salesforce_id
from .leaving import colleagues, leave

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(connection: Connection) -> User:
    """The other admin, for whom Dana plans something."""
    return account(connection.company, "erin@example.com", role=User.Role.ADMIN)


def left_alone(plan: SyncPlan, erin: User) -> bool:
    """Whether Erin still has her access, although she approved the plan."""
    erin.refresh_from_db()
    return set(outcomes(plan).values()) == {"left"} and erin.is_active


def test_combining_does_not_deactivate_whoever_approves_it(
    connection: Connection, admin: User, erin: User
) -> None:
    keep = account(connection.company, "keep@example.com")
    plan = combining.plan_combine(connection, keep=keep, give_up=erin, by=admin)
    applied(plan, erin)
    assert left_alone(plan, erin)
    assert set(notes(plan).values()) == {OWN_ACCOUNT}
    again = combining.plan_combine(connection, keep=keep, give_up=erin, by=admin)
    assert set(outcomes(applied(again, admin)).values()) == {"done"}


def test_a_revert_deactivates_everybody_but_whoever_approves_it(
    connection: Connection, admin: User
) -> None:
    both = [person(connection, 1), person(connection, 2)]
    plan = imported(connection, both, admin, role=User.Role.ADMIN)
    User.objects.exclude(pk=admin.pk).update(last_login=plan.created_at)
    one = User.objects.get(email="person1@example.com")
    revert = applied(plan_revert(plan, by=admin), one)
    assert outcomes(revert) == {"Person 1": "left", "Person 2": "done"}
    assert notes(revert)["Person 1"] == OWN_ACCOUNT
    one.refresh_from_db()
    assert one.is_active
    assert outcomes(applied(plan_revert(plan, by=admin), admin))["Person 1"] == "done"


def test_leavers_are_deactivated_by_somebody_else(connection: Connection, admin: User) -> None:
    (erin,) = colleagues(connection, [1], role=User.Role.ADMIN)
    leave(connection, 1)
    plan = leavers.plan_leavers(connection, leavers.to_deactivate(connection), by=admin)
    applied(plan, erin)
    assert left_alone(plan, erin)


def test_moving_a_mapping_back_leaves_whoever_approves_it_their_access(
    connection: Connection, admin: User, erin: User
) -> None:
    person(connection, 1, is_active=False)
    person(connection, 2)
    mapped(connection, 1, erin)
    User.objects.filter(pk=erin.pk).deactivate()
    ids = {"former_id": salesforce_id(1), "new_id": salesforce_id(2)}
    plan = returning.move(connection, **ids, by=admin)
    revert = applied(plan_revert(plan, by=admin), erin)
    erin.refresh_from_db()
    assert erin.is_active
    assert set(notes(revert).values()) == {f"Moved back. {OWN_ACCOUNT}"}
