"""Ignoring people and stopping to, each undone by its revert."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations.models import Connection, PlannedChange
from integrations.user_sync import manual, mapping_csv
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_ignore, plan_stop_ignoring
from integrations.user_sync.reverting import plan_revert

from .builders import (
    NOON,
    account,
    actions,
    applied,
    imported,
    notes,
    outcomes,
    person,
    salesforce_id,
)

Action = PlannedChange.Action


@pytest.mark.parametrize("reason", ["Contractor", ""])
def test_ignoring_and_its_end_are_undone(connection: Connection, admin: User, reason: str) -> None:
    someone = person(connection, 1)
    everybody = connection.directory.all()
    plan = applied(plan_ignore(connection, everybody, by=admin, reason=reason), admin)
    applied(plan_revert(plan, by=admin), admin)
    someone.refresh_from_db()
    assert someone.ignored_at is None
    applied(plan_ignore(connection, everybody, by=admin, reason=reason), admin)
    plan = applied(plan_stop_ignoring(connection, connection.directory.all(), by=admin), admin)
    applied(plan_revert(plan, by=admin), admin)
    someone.refresh_from_db()
    assert someone.ignored_at is not None
    assert someone.ignored_reason == reason


def test_somebody_who_was_ignored_again_since_then_stays_so(
    connection: Connection, admin: User
) -> None:
    person(connection, 1)
    plan = applied(plan_ignore(connection, connection.directory.all(), by=admin), admin)
    applied(plan_stop_ignoring(connection, connection.directory.all(), by=admin), admin)
    assert actions(plan_revert(plan, by=admin)) == [(Action.NOTHING, "No longer ignored")]
    applied(plan_ignore(connection, connection.directory.all(), by=admin), admin)
    assert actions(plan_revert(plan, by=admin)) == [
        (Action.NOTHING, "Ignored again since then, by Dana Cole")
    ]


def test_ignoring_and_stopping_to(connection: Connection, admin: User) -> None:
    someone = person(connection, 1)
    applied(plan_ignore(connection, [someone], by=admin, reason="Contractor"), admin)
    someone.refresh_from_db()
    assert (someone.ignored_by, someone.ignored_reason) == (admin, "Contractor")
    assert notes(imported(connection, [someone], by=admin)) == {"Person 1": "Ignored: Contractor"}
    applied(plan_stop_ignoring(connection, [someone], by=admin), admin)
    someone.refresh_from_db()
    assert (someone.ignored_at, someone.ignored_by, someone.ignored_reason) == (None, None, "")
    assert outcomes(imported(connection, [someone], by=admin)) == {"Person 1": "done"}


def test_whoever_is_ignored_is_mapped_neither_by_hand_nor_by_a_file(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, ignored_at=NOON)
    person(connection, 2)
    ann, ben = (account(connection.company, f"{name}@example.com") for name in ("ann", "ben"))
    with pytest.raises(PlanError, match="Is ignored: stop ignoring them first"):
        manual.map_account(connection, salesforce_id=salesforce_id(1), account=ann, by=admin)
    heading = "Salesforce user id,Account e-mail"
    text = f"{heading}\n{salesforce_id(1)},{ann.email}\n{salesforce_id(2)},{ben.email}\n"
    plan = mapping_csv.plan_csv(connection, text, by=admin)
    assert dict(plan.changes.values_list("person_name", "action")) == {
        "Person 1": Action.NOTHING,
        "Person 2": Action.MAP,
    }
