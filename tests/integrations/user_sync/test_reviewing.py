from __future__ import annotations

import pytest

from accounts.models import Company, User
from integrations.models import Approach, Connection, PlannedChange, SyncPlan
from integrations.user_sync import approving
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reviewing import Resolution, resolve_conflict, set_included

from .builders import NOON, account, applied, mapped, outcomes, people, person

Action = PlannedChange.Action


@pytest.fixture
def vicki(company: Company) -> User:
    """She has logged in, so that nobody maps to her unasked."""
    return account(company, "person1@example.com", name="Vicki Laflamme", last_login=NOON)


@pytest.fixture
def conflict(connection: Connection, vicki: User, admin: User) -> PlannedChange:
    row = plan_import(connection, [person(connection, 1)], by=admin).changes.get()
    assert row.action == Action.CONFLICT
    return row


def test_map_to_this_account(conflict: PlannedChange, vicki: User, admin: User) -> None:
    resolve_conflict(conflict, Resolution.MAP, by=admin, account_id=vicki.pk)
    conflict.refresh_from_db()
    assert (conflict.action, conflict.account, conflict.decided_by) == (Action.MAP, vicki, admin)
    applied(conflict.plan, admin)
    assert vicki.mappings.get().salesforce_user_id == conflict.salesforce_user_id


def test_a_decision_can_be_taken_back_for_another(
    conflict: PlannedChange, vicki: User, admin: User
) -> None:
    resolve_conflict(conflict, Resolution.MAP, by=admin, account_id=vicki.pk)
    resolve_conflict(conflict, Resolution.IGNORE, by=admin)
    applied(conflict.plan, admin)
    assert not vicki.mappings.exists()
    assert conflict.plan.connection.directory.get().ignored_by == admin


def test_a_foreign_account_is_refused(
    conflict: PlannedChange, admin: User, other_company: Company, company: Company
) -> None:
    eve = account(other_company, "person1@example.com")
    sam = account(company, "sam@example.com")
    for stranger in (eve.pk, sam.pk, 10**9, None):
        with pytest.raises(PlanError, match="no such account"):
            resolve_conflict(conflict, Resolution.MAP, by=admin, account_id=stranger)
    conflict.refresh_from_db()
    assert conflict.action == Action.CONFLICT


def test_an_account_that_is_mapped_elsewhere_is_refused_with_the_reason(
    conflict: PlannedChange, vicki: User, admin: User
) -> None:
    connection = conflict.plan.connection
    person(connection, 2, name="Victoria")
    mapped(connection, 2, vicki)
    with pytest.raises(PlanError, match="mapped to another Salesforce user, Victoria"):
        resolve_conflict(conflict, Resolution.MAP, by=admin, account_id=vicki.pk)


def test_a_second_account_with_a_live_address_is_refused(
    conflict: PlannedChange, admin: User
) -> None:
    with pytest.raises(PlanError, match="Vicki Laflamme already has this e-mail"):
        resolve_conflict(conflict, Resolution.CREATE, by=admin)


def test_only_one_of_two_people_with_one_address_gets_a_new_account(
    connection: Connection, admin: User
) -> None:
    people(connection, (1, 2), email="shared@example.com")
    plan = plan_import(connection, connection.directory.order_by("pk"), by=admin)
    one, two = plan.changes.order_by("position")
    resolve_conflict(one, Resolution.CREATE, by=admin)
    with pytest.raises(PlanError, match="Person 1 gets an account with this e-mail here, too"):
        resolve_conflict(two, Resolution.CREATE, by=admin)
    resolve_conflict(two, Resolution.IGNORE, by=admin)
    assert set(outcomes(applied(plan, admin)).values()) == {"done"}
    assert User.objects.filter(email="shared@example.com").count() == 1


def test_a_deactivated_candidate_is_reactivated_when_somebody_maps_to_it(
    connection: Connection, company: Company, admin: User
) -> None:
    gone = account(company, "person1@example.com", state=User.State.DEACTIVATED)
    row = plan_import(connection, [person(connection, 1)], by=admin).changes.get()
    resolve_conflict(row, Resolution.MAP, by=admin, account_id=gone.pk)
    applied(row.plan, admin)
    gone.refresh_from_db()
    row.refresh_from_db()
    assert (gone.state, row.outcome_note) == (
        User.State.ACTIVE,
        "Mapped; account reactivated.",
    )


def test_a_protected_account_is_mapped_and_otherwise_left_alone(
    connection: Connection, company: Company, admin: User
) -> None:
    vip = account(company, "person1@example.com", protected=True)
    someone = person(connection, 1, title="Head of Sales")
    row = plan_import(connection, [someone], by=admin).changes.get()
    resolve_conflict(row, Resolution.MAP, by=admin, account_id=vip.pk)
    applied(row.plan, admin)
    vip.refresh_from_db()
    assert vip.mappings.exists()
    assert vip.title == ""


def test_a_row_without_a_conflict_has_nothing_to_decide(
    connection: Connection, admin: User
) -> None:
    row = plan_import(connection, [person(connection, 1)], by=admin).changes.get()
    with pytest.raises(PlanError, match="not in conflict"):
        resolve_conflict(row, Resolution.IGNORE, by=admin)


def test_nothing_is_decided_once_the_plan_is_approved(conflict: PlannedChange, admin: User) -> None:
    approving.approve(conflict.plan, by=admin)
    with pytest.raises(PlanError, match="approved already"):
        resolve_conflict(conflict, Resolution.IGNORE, by=admin)
    with pytest.raises(PlanError, match="approved already"):
        set_included(conflict, included=False, by=admin)


def test_an_unticked_row_is_left_as_it_is(connection: Connection, admin: User) -> None:
    plan = plan_import(connection, people(connection, (1, 2)), by=admin)
    set_included(plan.changes.get(position=1), included=False, by=admin)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "left", "Person 2": "done"}
    assert plan.state == SyncPlan.State.DONE
    assert plan.changes.get(position=1).outcome_note == "Unticked."


def test_a_new_account_in_a_plan_of_automatic_is_as_its_setting_says(
    connection: Connection, admin: User
) -> None:
    people(connection, (1, 2), email="shared@example.com")
    plan = plan_import(
        connection, connection.directory.order_by("pk"), by=None, approach=Approach.AUTOMATIC
    )
    row = plan.changes.get(position=1)
    resolve_conflict(row, Resolution.CREATE, by=admin)
    row.refresh_from_db()
    assert row.values["state"] == User.State.PENDING
