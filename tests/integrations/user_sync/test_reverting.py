"""Undoing a plan: what is removed, deactivated, unmapped or left, and what it says of it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts import audit, states
from accounts.models import Company, User
from integrations.models import Connection, PlannedChange, UserMapping
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import is_reverted, plan_revert
from integrations.user_sync.reviewing import Resolution, resolve_conflict

from .builders import (
    NOON,
    account,
    actions,
    applied,
    imported,
    mapped,
    notes,
    outcomes,
    people,
    person,
)

Action = PlannedChange.Action


def test_accounts_that_nobody_used_are_removed(connection: Connection, admin: User) -> None:
    plan = imported(connection, people(connection, range(3)), by=admin)
    revert = plan_revert(plan, by=admin)
    assert set(actions(revert)) == {(Action.REMOVE, "Remove the account, which was never used")}
    assert User.objects.count() == 4, "a preview touches nothing"
    applied(revert, admin)
    assert list(User.objects.all()) == [admin]
    assert not UserMapping.objects.exists()
    assert is_reverted(plan)
    assert plan.changes.filter(account__isnull=True, account_name__startswith="Person").count() == 3


def test_a_used_account_is_deactivated_and_unmapped(connection: Connection, admin: User) -> None:
    plan = imported(connection, people(connection, (1, 2)), by=admin)
    User.objects.filter(email="person2@example.com").update(last_login=NOON)
    revert = plan_revert(plan, by=admin)
    assert actions(revert) == [
        (Action.DEACTIVATE, "Deactivate and unmap Person 2, who has logged in"),
        (Action.REMOVE, "Remove the account, which was never used"),
    ]
    applied(revert, admin)
    assert User.objects.get(email="person2@example.com").state == User.State.DEACTIVATED
    assert not UserMapping.objects.exists()


def test_a_session_stays_dead_when_a_reverted_account_returns(
    connection: Connection, company: Company, admin: User, client: Client
) -> None:
    made = imported(connection, [person(connection, 1)], by=admin)
    gone = account(company, "person2@example.com", state=User.State.DEACTIVATED)
    reopened = plan_import(connection, [person(connection, 2)], by=admin)
    resolve_conflict(reopened.changes.get(), Resolution.MAP, by=admin, account_id=gone.pk)
    for plan, email in ((made, "person1@example.com"), (applied(reopened, admin), gone.email)):
        somebody = User.objects.get(email=email)
        client.force_login(somebody)
        applied(plan_revert(plan, by=admin), admin)
        assert User.objects.get(email=email).state == User.State.DEACTIVATED
        states.reactivate([somebody], by=admin)
        assert client.get(reverse("account")).status_code == 302, email


def test_a_log_in_after_the_preview_keeps_the_account(connection: Connection, admin: User) -> None:
    plan = imported(connection, [person(connection, 1)], by=admin)
    revert = plan_revert(plan, by=admin)
    User.objects.filter(email="person1@example.com").update(last_login=NOON)
    applied(revert, admin)
    assert notes(revert) == {"Person 1": "Since the preview: Person 1 has logged in."}
    assert not is_reverted(plan)
    applied(plan_revert(plan, by=admin), admin)
    assert User.objects.get(email="person1@example.com").state == User.State.DEACTIVATED
    assert is_reverted(plan)


def test_what_cannot_be_undone_comes_first(
    connection: Connection, company: Company, admin: User
) -> None:
    plan = imported(connection, people(connection, range(1, 6)), by=admin)
    User.objects.get(email="person3@example.com").mappings.all().delete()
    User.objects.get(email="person3@example.com").delete()
    User.objects.filter(email="person4@example.com").update(protected=True)
    moved = User.objects.get(email="person5@example.com")
    moved.mappings.all().delete()
    mapped(connection, 50, moved)
    audit.record("account.mapped", moved, by=account(company, "erin@example.com", name="Erin"))
    rows = [
        (action, reason.split(",")[0]) for action, reason in actions(plan_revert(plan, by=admin))
    ]
    assert rows == [
        (Action.NOTHING, "The account is gone already"),
        (Action.NOTHING, "Person 4 is protected from every sync"),
        (Action.NOTHING, "The mapping of Person 5 was changed by Erin"),
        (Action.REMOVE, "Remove the account"),
        (Action.REMOVE, "Remove the account"),
    ]


def test_a_mail_cannot_be_taken_back_and_is_said(connection: Connection, admin: User) -> None:
    plan = imported(connection, people(connection, (1, 2)), by=admin)
    User.objects.filter(email="person2@example.com").update(invited_at=NOON)
    assert [reason for _, reason in actions(plan_revert(plan, by=admin))] == [
        "Remove the account, which was never used; its invitation cannot be taken back",
        "Remove the account, which was never used",
    ]


def test_the_last_admin_stays(connection: Connection, company: Company, admin: User) -> None:
    plan = imported(connection, [person(connection, 1)], by=admin, role=User.Role.ADMIN)
    User.objects.filter(pk=admin.pk).update(role=User.Role.MEMBER)
    revert = applied(plan_revert(plan, by=admin), admin)
    assert notes(revert) == {"Person 1": "The last company admin is never removed or deactivated."}
    assert User.objects.filter(email="person1@example.com").exists()


def test_somebody_who_has_no_access_yet_is_no_admin_to_be_left_with(
    connection: Connection, company: Company, admin: User
) -> None:
    plan = imported(connection, people(connection, (1, 2)), by=admin, role=User.Role.ADMIN)
    User.objects.filter(email="person1@example.com").update(state=User.State.PENDING)
    User.objects.filter(pk=admin.pk).update(role=User.Role.MEMBER)
    revert = applied(plan_revert(plan, by=admin), admin)
    assert outcomes(revert) == {"Person 1": "done", "Person 2": "left"}
    assert User.objects.active_admins().get(company=company).email == "person2@example.com"


def test_what_an_earlier_revert_has_undone_is_not_counted_again(
    connection: Connection, admin: User
) -> None:
    plan = imported(connection, people(connection, (1, 2)), by=admin)
    User.objects.filter(email="person1@example.com").update(last_login=NOON)
    first = plan_revert(plan, by=admin)
    User.objects.filter(email="person2@example.com").update(last_login=NOON)
    assert outcomes(applied(first, admin)) == {"Person 1": "done", "Person 2": "changed"}
    assert actions(plan_revert(plan, by=admin)) == [
        (Action.NOTHING, "Person 1 is deactivated and unmapped already"),
        (Action.DEACTIVATE, "Deactivate and unmap Person 2, who has logged in"),
    ]


def test_after_a_revert_the_same_people_can_be_imported_again(
    connection: Connection, company: Company, admin: User
) -> None:
    someone = person(connection, 1)
    for _ in range(3):
        plan = imported(connection, [someone], by=admin)
        assert outcomes(plan) == {"Person 1": "done"}
        applied(plan_revert(plan, by=admin), admin)
        assert snapshot(company) == []


def snapshot(company: Company) -> list[Any]:
    return list(company.users.exclude(role=User.Role.ADMIN).values_list("email", "state"))
