from __future__ import annotations

import pytest

from accounts.models import AuditEntry, Company, User
from integrations.models import Connection, DirectoryUser, SyncPlan, UserMapping
from tests.integrations.user_sync.builders import account, mapped, person, salesforce_id

from .running import run, run_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(company: Company) -> User:
    return account(company, "mia@example.com")


def test_somebody_is_mapped_and_unmapped_by_hand(
    connection: Connection, admin: User, mia: User
) -> None:
    person(connection, 1)
    ran = run_json("map_user", "person1@example.com", "MIA@example.com", "--by", admin.email)
    assert (ran.code, ran.values["outcomes"]) == (0, {"done": 1})
    mapping = UserMapping.objects.get()
    assert (mapping.account, mapping.approach, mapping.created_by) == (mia, "manual", admin)
    ran = run_json(
        "unmap_user", salesforce_id(1)[:15], "--reason", "A namesake", "--by", admin.email
    )
    assert (ran.code, ran.values["actions"]) == (0, {"unlink": 1})
    assert not UserMapping.objects.exists()
    assert DirectoryUser.objects.get().unlinked_reason == "A namesake"
    assert AuditEntry.objects.filter(actor=admin, action="plan.approved").count() == 2


@pytest.mark.parametrize("command", ["map_user", "unmap_user"])
def test_a_dry_run_changes_nothing(
    connection: Connection, admin: User, mia: User, command: str
) -> None:
    person(connection, 1)
    if command == "unmap_user":
        mapped(connection, 1, mia)
    before = list(UserMapping.objects.values())
    what = [mia.email] if command == "map_user" else ["--reason", "x"]
    ran = run_json(command, salesforce_id(1), *what, "--by", admin.email, "--dry-run")
    assert (ran.code, ran.values["outcomes"]) == (0, {"done": 1})
    assert list(UserMapping.objects.values()) == before
    assert not SyncPlan.objects.exists()


def test_what_cannot_be_mapped_says_why(
    connection: Connection, admin: User, mia: User, company: Company
) -> None:
    person(connection, 1)
    person(connection, 2)
    mapped(connection, 1, mia)
    by = ("--by", admin.email)
    taken = run("map_user", salesforce_id(2), mia.email, *by)
    assert (taken.code, "is mapped to another Salesforce user" in taken.error) == (1, True)
    unknown = run("map_user", salesforce_id(2), "nobody@example.com", *by)
    assert (unknown.code, "has no account" in unknown.error) == (2, True)
    nobody = run("unmap_user", salesforce_id(2), "--reason", "x", *by)
    assert (nobody.code, "not mapped" in nobody.error) == (1, True)


def test_a_decision_has_a_name(connection: Connection, mia: User) -> None:
    person(connection, 1)
    assert run("map_user", salesforce_id(1), mia.email).code == 2
    assert not UserMapping.objects.exists()
