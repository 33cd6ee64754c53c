"""Accounts that get access again in one batch: an address each, a seat each, one query for all."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from integrations.models import Connection, SyncPlan
from integrations.user_sync import applying
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reviewing import Resolution, resolve_conflict

from .builders import account, applied, approved, notes, outcomes, person

pytestmark = pytest.mark.django_db


def reopening(connection: Connection, addresses: dict[int, str], by: User) -> SyncPlan:
    """A plan that maps each person to a deactivated account of theirs, of this address."""
    gone = {
        number: account(
            connection.company,
            address,
            name=f"Former {number}",
            state=User.State.DEACTIVATED,
            federation_id=f"F-{number}",
        )
        for number, address in addresses.items()
    }
    found = [person(connection, number, federation_id=f"F-{number}") for number in addresses]
    plan = plan_import(connection, found, by=by)
    for row, (number, _) in zip(plan.changes.order_by("position"), gone.items(), strict=True):
        resolve_conflict(row, Resolution.MAP, by=by, account_id=gone[number].pk)
    return plan


def test_many_accounts_are_reopened_in_as_many_queries_as_two(
    connection: Connection, admin: User
) -> None:
    counts = []
    for numbers in (range(2), range(100, 120)):
        addresses = {number: f"former{number}@example.com" for number in numbers}
        plan = approved(reopening(connection, addresses, admin), admin)
        with CaptureQueriesContext(database) as queries:
            applying.apply_plan(plan.pk)
        assert set(outcomes(plan).values()) == {"done"}
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_of_two_accounts_of_one_address_in_a_batch_the_first_is_reopened(
    connection: Connection, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    plan = reopening(connection, {1: "shared@example.com", 2: "Shared@example.com"}, admin)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "done", "Person 2": "left"}
    assert notes(plan)["Person 2"] == "Another account has Former 2's e-mail now."
    assert "going on row by row" not in caplog.text, "the batch itself knew"
