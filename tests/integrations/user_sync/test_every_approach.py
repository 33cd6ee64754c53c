"""Every approach meets every match result: what is planned, what is done, and that it is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import (
    AccessRequest,
    Approach,
    Connection,
    DirectoryUser,
    SyncPlan,
    UserMapping,
)
from integrations.user_sync import applying, automatic, deciding, manual, requesting
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, mapped, person, salesforce_id

pytestmark = pytest.mark.django_db

ANN = "person1@example.com"

#: A name, what is there beside the Salesforce user, and what the four approaches make of it:
#: On demand, Manual, Automatic, All active users. “none” is nobody planned, or a refusal.
CASES: list[tuple[str, Callable[[Connection], Any], str]] = [
    ("nobody", lambda c: None, "create create create create"),
    ("account", lambda c: account(c.company, ANN), "map map map map"),
    (
        "account in use",
        lambda c: account(c.company, ANN, last_login=timezone.now()),
        "conflict conflict conflict conflict",
    ),
    (
        "admin",
        lambda c: account(c.company, ANN, role=User.Role.ADMIN),
        "conflict conflict conflict conflict",
    ),
    (
        "protected",
        lambda c: account(c.company, ANN, protected=True),
        "conflict conflict conflict conflict",
    ),
    (
        "deactivated",
        lambda c: account(c.company, ANN, state=User.State.DEACTIVATED),
        "conflict conflict conflict conflict",
    ),
    (
        "support staff",
        lambda c: User.objects.create_superuser(email=ANN, name="Sam"),
        "conflict conflict conflict conflict",
    ),
    (
        "mapped elsewhere",
        lambda c: (person(c, 2, is_active=False), mapped(c, 2, account(c.company, ANN))),
        "conflict conflict conflict conflict",
    ),
    (
        "shared e-mail",
        lambda c: person(c, 2, email=ANN, is_frozen=True),
        "conflict conflict conflict conflict",
    ),
    (
        "mapped already",
        lambda c: mapped(c, 1, account(c.company, "x@example.com")),
        "nothing none none none",
    ),
    ("ignored", lambda c: _set(ignored_at=timezone.now()), "nothing none none nothing"),
    ("unlinked", lambda c: _set(unlinked_at=timezone.now()), "conflict create none nothing"),
    ("left", lambda c: _set(is_active=False), "nothing none none none"),
    ("frozen", lambda c: _set(is_frozen=True), "nothing none none none"),
    ("a machine", lambda c: _set(license_name="Salesforce Integration"), "nothing none none none"),
    ("a guest", lambda c: _set(user_type="Guest"), "nothing none none none"),
    ("no e-mail", lambda c: _set(email=""), "nothing none nothing nothing"),
    ("the connecting user", lambda c: _connecting(c), "create create none none"),
]


def _set(**fields: Any) -> None:
    DirectoryUser.objects.update(**fields)


def _connecting(connection: Connection) -> None:
    connection.connecting_user_id = salesforce_id(1)
    connection.save()


def on_demand(connection: Connection, admin: User) -> SyncPlan | None:
    someone = DirectoryUser.objects.get(salesforce_id=salesforce_id(1))
    return applied(plan_import(connection, [someone], by=admin), admin)


def by_hand(connection: Connection, admin: User) -> SyncPlan | None:
    try:
        return manual.add_person(connection, salesforce_id=salesforce_id(1), by=admin)
    except PlanError:
        return None


def automatically(connection: Connection, admin: User) -> SyncPlan | None:
    connection.automatic_is_on = True
    connection.save()
    someone = DirectoryUser.objects.filter(salesforce_id=salesforce_id(1))
    someone.update(wanted_since=timezone.now())
    plans = automatic.plan_wanted(connection)
    for plan in plans:
        applying.apply_plan(plan.pk)
        plan.refresh_from_db()
    return plans[0] if plans else None


def all_active(connection: Connection, admin: User) -> SyncPlan | None:
    support = User.objects.create_superuser(email="boss@support.example", name="Boss")
    try:
        request: AccessRequest = requesting.request(connection, by=admin)
    except PlanError:
        return None
    plan = deciding.approve(request, by=support)
    applying.apply_plan(plan.pk)
    plan.refresh_from_db()
    return plan


RUNS = {
    Approach.ON_DEMAND: on_demand,
    Approach.MANUAL: by_hand,
    Approach.AUTOMATIC: automatically,
    Approach.ALL_ACTIVE: all_active,
}


def everything() -> Any:
    return (
        sorted(User.objects.filter(is_superuser=False).values_list("email", "state", "title")),
        sorted(UserMapping.objects.values_list("salesforce_user_id", "account")),
        list(DirectoryUser.objects.order_by("pk").values_list("pk", "ignored_reason")),
        [one.unlinked_at is None for one in DirectoryUser.objects.order_by("pk")],
    )


@pytest.mark.parametrize(
    ("approach", "make", "expected"),
    [
        pytest.param(approach, make, results.split(" ")[place], id=f"{approach}: {name}")
        for name, make, results in CASES
        for place, approach in enumerate(RUNS)
    ],
)
def test_what_each_approach_makes_of_each_match(
    connection: Connection,
    admin: User,
    approach: Approach,
    make: Callable[[Connection], Any],
    expected: str,
) -> None:
    person(connection, 1)
    make(connection)
    before = everything()
    plan = RUNS[approach](connection, admin)
    if expected == "none":
        assert plan is None
        assert everything() == before
        return
    assert plan is not None
    row = plan.changes.get(salesforce_user_id=salesforce_id(1))
    assert (plan.approach, row.action) == (approach, expected)
    if expected not in ("create", "map"):
        assert everything() == before
        return
    assert row.outcome == "done"
    assert UserMapping.objects.get(salesforce_user_id=salesforce_id(1)).approach == approach
    applied(plan_revert(plan, by=admin), admin)
    assert everything() == before
