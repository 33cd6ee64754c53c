"""A mapping that a person or a file names rests on the account as the preview showed it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts import audit
from accounts.models import User
from accounts.time_zone import written_time
from integrations.models import Connection, SyncPlan, UserMapping
from integrations.user_sync import mapping_csv

from .builders import account, applied, mapped, notes, outcomes, person, salesforce_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def vic(connection: Connection) -> User:
    return account(connection.company, "vic@example.com")


@pytest.fixture
def plan(connection: Connection, admin: User, vic: User) -> SyncPlan:
    """A file that maps Person 1 to Vic, looked at but not yet approved."""
    person(connection, 1)
    text = f"Salesforce user id,Account e-mail\n{salesforce_id(1)},{vic.email}\n"
    return mapping_csv.plan_csv(connection, text, by=admin)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "admin"}, "Vic is now a company admin"),
        ({"protected": True}, "Vic is now protected from every sync"),
        ({"state": "deactivated"}, "Vic is now deactivated"),
        ({"email": "else@example.com"}, "Vic has another e-mail, else@example.com"),
    ],
)
def test_an_account_that_changed_since_the_preview_is_not_mapped_and_the_row_says_how(
    plan: SyncPlan, admin: User, vic: User, fields: dict[str, Any], words: str
) -> None:
    User.objects.filter(pk=vic.pk).update(**fields)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "changed"}
    assert notes(plan) == {"Person 1": f"Since the preview: {words}."}
    assert not UserMapping.objects.exists()


def test_an_account_that_somebody_else_has_meanwhile_is_said_to_be_theirs(
    connection: Connection, plan: SyncPlan, admin: User, vic: User
) -> None:
    mapped(connection, 2, vic)
    applied(plan, admin)
    assert notes(plan) == {"Person 1": "Since the preview: Vic is mapped to somebody else."}


def test_the_row_says_who_changed_the_account(
    connection: Connection, plan: SyncPlan, admin: User, vic: User
) -> None:
    User.objects.filter(pk=vic.pk).update(protected=True)
    entry = audit.record("account.changed", vic, by=admin)
    applied(plan, admin)
    when = written_time(entry.at, ZoneInfo(connection.company.time_zone))
    assert notes(plan)["Person 1"].endswith(f"({admin.name}, {when}).")


def test_another_name_or_a_first_log_in_changes_nothing(
    plan: SyncPlan, admin: User, vic: User
) -> None:
    User.objects.filter(pk=vic.pk).update(name="Victoria", last_login=plan.created_at)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "done"}
