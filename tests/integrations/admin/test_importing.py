"""From the ticks to the accounts with one press, and whose ticks are refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Company, Team, User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.tasks import prepare_plan
from integrations.user_sync import preparing
from integrations.user_sync.applying import apply_plan
from tests.integrations.user_sync.builders import account, mapped, people, person

from .browsing import LIST, list_of, messages, page_of, press, shown, the_plan
from .conftest import logged_in

State = SyncPlan.State


def test_one_press_plans_approves_and_queues(
    client: Client, admin: User, connection: Connection
) -> None:
    chosen = people(connection, range(1, 4))
    answer = press(client, "import_users", chosen[:2])
    plan = the_plan()
    assert answer.url == page_of(plan)
    assert (plan.state, plan.approved_by, plan.created_by) == (State.QUEUED, admin, admin)
    assert AuditEntry.objects.get(action="plan.approved").address == "127.0.0.1"
    apply_plan(plan.pk)
    assert UserMapping.objects.filter(connection=connection).count() == 2
    result = client.get(page_of(plan)).content.decode()
    assert "Imported 2 users" in result
    assert "2 new accounts." in result


def test_a_very_large_choice_is_prepared_by_the_worker_and_then_looked_at(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 2)
    people(connection, range(1, 4))
    answer = press(client, "import_users", DirectoryUser.objects.all()[:1], select_across="1")
    plan = the_plan()
    assert (answer.url, plan.state) == (page_of(plan), State.PREPARING)
    html = client.get(page_of(plan)).content.decode()
    assert "Import 3 users" in html
    assert "Being prepared" in html
    assert reverse("admin:integrations_syncplan_approve", args=[plan.pk]) not in html
    prepare_plan(plan.pk)
    html = client.get(page_of(plan)).content.decode()
    assert "Nothing has happened yet" in html
    client.post(reverse("admin:integrations_syncplan_approve", args=[plan.pk]))
    apply_plan(plan.pk)
    assert UserMapping.objects.count() == 3


def test_the_team_role_and_invitations_of_the_bar_are_the_plans(
    client: Client, company: Company, connection: Connection
) -> None:
    team = Team.objects.create(company=company, name="West")
    press(
        client,
        "import_users",
        [person(connection, 1)],
        team=str(team.pk),
        role="admin",
        send_invitations="on",
    )
    plan = the_plan()
    assert (plan.team, plan.role, plan.send_invitations) == (team, "admin", True)
    assert plan.team_source == SyncPlan.TeamSource.CHOSEN


def test_the_stock_form_without_our_fields_imports_with_the_defaults(
    client: Client, connection: Connection
) -> None:
    one = person(connection, 1)
    form = {"action": "import_users", "_selected_action": [one.pk], "shown": shown(client)}
    client.post(LIST, form)
    plan = the_plan()
    assert (plan.state, plan.role) == (State.QUEUED, User.Role.MEMBER)
    assert plan.team_source == SyncPlan.TeamSource.FROM_SALESFORCE


def test_ticks_of_other_pages_come_along(client: Client, connection: Connection) -> None:
    here, elsewhere, third = people(connection, range(1, 4))
    hidden = shown(client)
    press(
        client,
        "import_users",
        [here],
        address=f"{LIST}?q={here.salesforce_id}",
        ticked=f"{elsewhere.pk},{third.pk}",
        shown=[",".join(hidden)],
    )
    plan = the_plan()
    assert plan.changes.count() == 3
    assert plan.state == State.QUEUED


@pytest.mark.parametrize("field", ["_selected_action", "ticked"])
@pytest.mark.parametrize("action", ["import_users", "preview_import", "ignore_users"])
def test_another_companys_person_is_refused_and_nothing_changes(
    client: Client,
    connection: Connection,
    other_connection: Connection,
    field: str,
    action: str,
) -> None:
    own, foreign = person(connection, 1), person(other_connection, 2)
    form: dict[str, Any] = {field: [str(own.pk), str(foreign.pk)]}
    form["ticked"] = [",".join(form.get("ticked", []))]
    answer = press(client, action, [own], **form)
    assert "Nothing was changed" in messages(answer)
    assert not SyncPlan.objects.exists()


@pytest.mark.parametrize("nonsense", ["x", "-1", "0", "9" * 30, "1;2", "²"])
def test_a_tick_that_is_no_number_is_refused(
    client: Client, connection: Connection, nonsense: str
) -> None:
    answer = press(client, "import_users", [person(connection, 1)], ticked=nonsense)
    assert "Nothing was changed" in messages(answer)
    assert not SyncPlan.objects.exists()


@pytest.mark.parametrize("field", ["team", "role"])
def test_another_companys_team_or_a_made_up_role_is_refused(
    client: Client, connection: Connection, other_company: Company, field: str
) -> None:
    foreign = Team.objects.create(company=other_company, name="Far away")
    answer = press(client, "import_users", [person(connection, 1)], **{field: str(foreign.pk)})
    assert "Nothing was changed" in messages(answer)
    assert not SyncPlan.objects.exists()


def test_support_staff_import_for_a_company_they_chose(
    connection: Connection, other_connection: Connection, support: User
) -> None:
    browser = logged_in(support)
    own, foreign = person(connection, 1), person(other_connection, 2)
    assert b"Of which company?" in browser.get(LIST).content
    refused = press(browser, "import_users", [own, foreign], address=list_of(connection))
    assert "Nothing was changed" in messages(refused)
    press(browser, "import_users", [own], address=list_of(connection))
    assert the_plan().company == connection.company


def test_ignoring_asks_once_and_keeps_the_reason(
    client: Client, admin: User, connection: Connection
) -> None:
    one = person(connection, 1)
    asked = press(client, "ignore_users", [one])
    assert "Ignore 1 person?" in asked.content.decode()
    assert not SyncPlan.objects.exists()
    press(client, "ignore_users", [one], confirmed="1", reason="Left in May")
    plan = the_plan()
    assert plan.state == State.QUEUED
    apply_plan(plan.pk)
    one.refresh_from_db()
    assert (one.ignored_by, one.ignored_reason) == (admin, "Left in May")
    assert client.get(f"{LIST}?account=ignored").context["cl"].result_count == 1

    press(client, "stop_ignoring_users", [one])
    apply_plan(SyncPlan.objects.latest("pk").pk)
    one.refresh_from_db()
    assert one.ignored_at is None


def test_somebody_with_an_account_has_no_tick(
    client: Client, company: Company, connection: Connection
) -> None:
    mapped(connection, 1, account(company, "has@example.com"))
    person(connection, 1)
    (row,) = client.get(LIST).context["cl"].listed
    assert not row.can_be_ticked
    assert row.match.verdict == PlannedChange.Action.NOTHING
