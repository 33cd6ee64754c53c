"""Conflicts on a plan's page: who it may be, and the answers."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, Company, User
from integrations.models import Connection, DirectoryUser, PlannedChange
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.reviewing import resolve_conflict
from tests.integrations.user_sync.builders import (
    NOON,
    account,
    applied,
    imported,
    mapped,
    people,
    person,
)

from .browsing import button, html_of, messages
from .conftest import logged_in


@pytest.fixture
def conflict(company: Company, connection: Connection, admin: User) -> PlannedChange:
    account(company, "person1@example.com", name="Boss", role=User.Role.ADMIN)
    plan = plan_import(connection, [person(connection, 1)], by=admin)
    return plan.changes.get()


def test_a_conflict_shows_its_candidates_side_by_side(
    client: Client, conflict: PlannedChange
) -> None:
    html = html_of(client, conflict.plan)
    for words in ("Boss", "Company admin", "Never logged in", "Map to this account"):
        assert words in html
    assert "Nobody to import" in html
    assert "eactivate" not in html


def test_answers_to_a_conflict_that_cannot_work_are_disabled_with_the_reason(
    client: Client, conflict: PlannedChange, connection: Connection
) -> None:
    html = html_of(client, conflict.plan)
    assert '<button class="btn" disabled>Create a new account</button>' in html
    assert "Boss already has this e-mail, and nobody else can." in html
    assert '<button class="btn">Map to this account</button>' in html
    mapped(connection, 2, User.objects.get(name="Boss"))
    html = html_of(client, conflict.plan)
    assert '<button class="btn" disabled>Map to this account</button>' in html
    assert "Boss is mapped to another Salesforce user, " in html


def test_a_deactivated_account_says_what_each_answer_does_to_it(
    client: Client, company: Company, connection: Connection, admin: User
) -> None:
    account(company, "person1@example.com", name="Lou Left", state=User.State.DEACTIVATED)
    plan = plan_import(connection, [person(connection, 1)], by=admin)
    html = html_of(client, plan)
    assert '<button class="btn">Reactivate and map</button>' in html
    assert "Mapping reactivates the account, which takes a seat." in html
    assert "Map to this account" not in html
    assert "Lou Left\u2019s deactivated account stays as it is." in html


def test_a_shared_e_mail_names_the_other_person_with_one_query_more(
    client: Client, connection: Connection, admin: User
) -> None:
    chosen = people(connection, range(1, 4), email="shared@example.com")
    person(connection, 9, name="Bo Left", email="SHARED@example.com", is_active=False)
    plan = plan_import(connection, chosen, by=admin)
    html = html_of(client, plan)
    other = DirectoryUser.objects.get(name="Person 2")
    assert reverse("admin:integrations_directoryuser_change", args=[other.pk]) in html
    assert "Bo Left (user9@example.com.org, has left)" in html
    with CaptureQueriesContext(database) as queries:
        html_of(client, plan)
    resolve_conflict(plan.changes.order_by("position")[0], "ignore", by=admin)
    plan.changes.exclude(values__has_key="resolved").delete()
    with CaptureQueriesContext(database) as fewer:
        html_of(client, plan)
    assert len(queries) == len(fewer)


def test_a_conflict_is_answered_by_mapping(
    client: Client, admin: User, conflict: PlannedChange
) -> None:
    boss = User.objects.get(name="Boss")
    address = button(conflict.plan, "resolve", conflict.pk)
    answer = client.post(address, {"answer": "map", "account": boss.pk})
    assert answer["Location"].endswith(f"#row-{conflict.pk}")
    conflict.refresh_from_db()
    assert (conflict.action, conflict.account) == (PlannedChange.Action.MAP, boss)
    assert conflict.decided_by == admin
    assert "Import 1 user<" in html_of(client, conflict.plan)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"answer": "anything"},
        {"answer": "map"},
        {"answer": "map", "account": "x"},
        {"answer": "map", "account": "999999"},
        {"answer": "map", "account": "-1"},
    ],
)
def test_an_odd_answer_to_a_conflict_changes_nothing(
    client: Client, conflict: PlannedChange, form: dict[str, str]
) -> None:
    answer = client.post(button(conflict.plan, "resolve", conflict.pk), form)
    assert answer.status_code == 302
    assert messages(answer)
    conflict.refresh_from_db()
    assert conflict.action == PlannedChange.Action.CONFLICT


def test_another_companys_account_is_no_answer_to_a_conflict(
    client: Client, conflict: PlannedChange, other_admin: User
) -> None:
    address = button(conflict.plan, "resolve", conflict.pk)
    client.post(address, {"answer": "map", "account": other_admin.pk})
    conflict.refresh_from_db()
    assert conflict.action == PlannedChange.Action.CONFLICT


def test_accounts_that_a_revert_deactivated_are_mapped_again_by_one_press(
    client: Client, company: Company, connection: Connection, admin: User, second_admin: User
) -> None:
    chosen = people(connection, [1, 2, 3, 4])
    account(company, "person4@example.com", state=User.State.DEACTIVATED)
    first = imported(connection, chosen[:3], admin)
    User.objects.filter(email__startswith="person").update(last_login=NOON)
    applied(plan_revert(first, by=admin), admin)
    User.objects.filter(email="person3@example.com").update(role=User.Role.ADMIN)
    plan = plan_import(connection, chosen, by=admin)
    assert plan.changes.filter(action="conflict").count() == 4
    assert "Reactivate and map 2 again" in html_of(client, plan)
    client.post(button(plan, "map_again"))
    asked = plan.changes.filter(action="conflict").order_by("position")
    assert [row.person_name for row in asked] == ["Person 3", "Person 4"]
    assert AuditEntry.objects.filter(action="plan.conflict_resolved", actor=admin).count() == 2
    assert "again</button>" not in html_of(client, plan)
    said = messages(logged_in(second_admin).post(button(plan, "map_again")))
    assert said == "Answered already, by Dana Cole: decide about whoever is left one by one."
    applied(plan, admin)
    active = User.objects.filter(email__startswith="person", state=User.State.ACTIVE)
    assert [one.email for one in active.order_by("email")] == [
        "person1@example.com",
        "person2@example.com",
    ]


def test_whom_there_is_another_doubt_about_is_not_mapped_again_with_the_others(
    client: Client, company: Company, connection: Connection, admin: User
) -> None:
    chosen = people(connection, range(1, 7))
    first = imported(connection, chosen, admin)
    User.objects.filter(email__startswith="person").update(last_login=NOON)
    applied(plan_revert(first, by=admin), admin)
    unlinked, ignored, elsewhere, shared, _, plain = chosen
    person(connection, 8, email=shared.email)
    User.objects.create_superuser(email="person5@example.com", password="x")
    plan = plan_import(connection, chosen, by=admin)
    assert "Reactivate and map 4 again" in html_of(client, plan)
    DirectoryUser.objects.filter(pk=unlinked.pk).update(unlinked_at=NOON, unlinked_by=admin)
    DirectoryUser.objects.filter(pk=ignored.pk).update(ignored_at=NOON, ignored_by=admin)
    mapped(connection, 9, User.objects.get(email=elsewhere.email))
    assert "Reactivate and map 1 again" in html_of(client, plan)
    client.post(button(plan, "map_again"))
    (answered,) = plan.changes.exclude(action="conflict")
    assert answered.person_name == plain.name
    assert (answered.included, answered.decided_by) == (True, admin)
