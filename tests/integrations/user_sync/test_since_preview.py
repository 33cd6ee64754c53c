"""What changed since it was looked at is not applied, and says what changed and by whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts import audit
from accounts.models import Company, Team, User
from accounts.time_zone import written_time
from integrations.models import Connection, DirectoryUser, UserMapping
from integrations.user_sync import applying
from integrations.user_sync.planning import plan_import

from .builders import NOON, account, approved, mapped, notes, outcomes, person

CHANGES: list[tuple[Callable[[DirectoryUser], Any], str]] = [
    (lambda p: _set(p, is_active=False), "has left Salesforce"),
    (lambda p: _set(p, is_frozen=True), "frozen in Salesforce"),
    (lambda p: _set(p, missing_since=NOON), "no longer visible to the connecting user"),
    (lambda p: _set(p, email="new@example.com"), "another e-mail in Salesforce"),
    (lambda p: _set(p, department="Sales"), "another department in Salesforce"),
    (lambda p: _set(p, ignored_at=NOON), "ignored"),
    (lambda p: person(p.connection, 99, email=p.email), "2 people in Salesforce share the e-mail"),
    (
        lambda p: account(p.company, "PERSON1@example.com", name="Vic"),
        "Vic may be this person",
    ),
    (
        lambda p: mapped(p.connection, 1, account(p.company, "x@example.com", name="Xenia")),
        "has the account Xenia",
    ),
]


def _set(person: DirectoryUser, **fields: Any) -> None:
    DirectoryUser.objects.filter(pk=person.pk).update(**fields)


@pytest.mark.parametrize(("change", "words"), CHANGES, ids=[words for _, words in CHANGES])
def test_what_changed_since_the_preview_is_not_applied_and_says_what(
    connection: Connection, admin: User, change: Callable[[DirectoryUser], Any], words: str
) -> None:
    someone = person(connection, 1)
    plan = approved(plan_import(connection, [someone], by=admin), admin)
    change(someone)
    before = User.objects.count()
    applying.apply_plan(plan.pk)
    assert outcomes(plan) == {"Person 1": "changed"}
    assert notes(plan) == {"Person 1": f"Since the preview: {words}."}
    assert User.objects.count() == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "admin"}, "Vic is now a company admin"),
        ({"state": "pending"}, "Vic is now pending"),
        ({"protected": True}, "Vic is now protected from every sync"),
        ({"last_login": NOON}, "Vic has logged in"),
        ({"email": "else@example.com"}, "Vic no longer matches"),
    ],
)
def test_a_candidate_who_changed_is_not_mapped(
    connection: Connection, company: Company, admin: User, fields: dict[str, Any], words: str
) -> None:
    vic = account(company, "person1@example.com", name="Vic")
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    User.objects.filter(pk=vic.pk).update(**fields)
    applying.apply_plan(plan.pk)
    assert notes(plan) == {"Person 1": f"Since the preview: {words}."}
    assert not UserMapping.objects.exists()


def test_a_changed_row_says_who_changed_the_account(
    connection: Connection, company: Company, admin: User
) -> None:
    vic = account(company, "person1@example.com", name="Vic")
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    User.objects.filter(pk=vic.pk).update(role=User.Role.ADMIN)
    entry = audit.record(
        "account.changed", vic, by=account(company, "erin@example.com", name="Erin")
    )
    applying.apply_plan(plan.pk)
    when = written_time(entry.at, ZoneInfo("Europe/Oslo"))
    assert notes(plan)["Person 1"] == (
        f"Since the preview: Vic is now a company admin (Erin, {when})."
    )


def test_a_team_that_was_deleted_is_said(
    connection: Connection, company: Company, admin: User
) -> None:
    team = Team.objects.create(company=company, name="West")
    plan = approved(
        plan_import(connection, [person(connection, 1, department="West")], by=admin), admin
    )
    team.delete()
    applying.apply_plan(plan.pk)
    assert notes(plan) == {"Person 1": "The team West is gone."}
