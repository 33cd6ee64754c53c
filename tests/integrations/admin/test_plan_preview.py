"""A plan before it is approved: its rows and ticks, who was first, what it costs to show."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, Team, User
from integrations.models import Connection, PlannedChange, SyncPlan
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import people

from .browsing import button, draft, html_at, html_of, messages, page_of
from .conftest import logged_in

State = SyncPlan.State
Outcome = PlannedChange.Outcome


def test_the_preview_has_one_primary_button_with_verb_and_count(
    client: Client, admin: User, connection: Connection
) -> None:
    html = html_of(client, draft(connection, admin))
    assert html.count("btn primary") == 1
    assert "Import 3 users</button>" in html
    assert "New accounts" in html


def test_unticking_a_row_is_saved_at_once_and_counts(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    row = plan.changes.first()
    assert row is not None
    answer = client.post(button(plan, "tick"), {"row": row.pk, "included": "0"})
    assert answer.json() == {
        "title": "Import 2 users",
        "button": "Import 2 users",
        "can_approve": True,
        "seats": "",
        "seats_short": False,
    }
    row.refresh_from_db()
    assert not row.included


def test_ticks_of_the_page_hold_without_scripts_too(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    first, second, third = plan.changes.order_by("position")
    form = {"listed": [first.pk, second.pk], "row": [second.pk]}
    client.post(button(plan, "approve"), form)
    apply_plan(plan.pk)
    done = plan.changes.filter(outcome=Outcome.DONE).order_by("position")
    assert list(done) == [second, third]


def test_a_second_admin_is_told_who_approved_and_when(
    client: Client, admin: User, second_admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "approve"))
    late = logged_in(second_admin).post(button(plan, "approve"))
    assert "Dana Cole already approved this change" in messages(late)
    plan.refresh_from_db()
    assert plan.approved_by == admin
    assert "approved by Dana Cole" in html_of(logged_in(second_admin), plan)


def test_a_discarded_plan_changes_nothing_and_cannot_be_approved(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "discard"))
    assert "discarded" in messages(client.post(button(plan, "approve")))
    plan.refresh_from_db()
    assert plan.state == State.DISCARDED
    assert "discarded before anything happened" in html_of(client, plan)


def test_every_button_is_a_post(client: Client, admin: User, connection: Connection) -> None:
    plan = draft(connection, admin)
    for name in ("approve", "discard", "stop", "continue", "again", "revert", "invite", "tick"):
        assert client.get(button(plan, name)).status_code == 405
    assert client.post(button(plan, "progress")).status_code == 405


def _count(client: Client, plan: SyncPlan) -> int:
    client.get(page_of(plan))
    with CaptureQueriesContext(database) as captured:
        assert client.get(page_of(plan)).status_code == 200
    return len(captured)


def test_a_plan_of_300_rows_costs_as_many_queries_as_one_of_three(
    client: Client, admin: User, connection: Connection
) -> None:
    small, large = draft(connection, admin), draft_of_more(connection, admin, 300)
    assert _count(client, large) <= _count(client, small)
    assert "Page 1 of 3" in html_of(client, large)
    for plan in (small, large):
        approve(plan, by=admin)
        apply_plan(plan.pk)
    assert _count(client, large) <= _count(client, small)


def draft_of_more(connection: Connection, by: User, number: int) -> SyncPlan:
    return plan_import(connection, people(connection, range(100, 100 + number)), by=by)


@pytest.mark.nightly
def test_a_plan_of_fifty_thousand_rows_opens_quickly(
    client: Client, admin: User, connection: Connection
) -> None:
    small, large = draft(connection, admin), draft_of_more(connection, admin, 50_000)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does, which sees no uncommitted rows
    began = timezone.now()
    assert _count(client, large) <= _count(client, small)
    assert timezone.now() - began < timedelta(seconds=4)  # two pages each, on a busy machine


def test_a_row_whose_team_is_missing_leads_to_making_it(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    people(connection, [1, 2], department="Côte & Sud")
    plan = plan_import(connection, connection.directory.all(), by=admin)
    html = html_of(client, plan)
    assert html.count("no team is called “Côte &amp; Sud”") == 2
    address = re.search(r'<a href="([^"]+)">Make the team', html)
    assert address is not None
    assert f"next=%2Fadmin%2Fintegrations%2Fsyncplan%2F{plan.pk}%2F" in address[1]
    form = html_at(client, unescape(address[1]))
    assert 'value="Côte &amp; Sud"' in form
    Team.objects.create(company=company, name="côte & sud")
    html = html_of(client, plan)
    assert html.count("The team is there now: preview once more, and they join it") == 2
    assert "Make the team" not in html


def test_discarding_leads_back_to_the_list_of_the_same_connection(
    admin: User, connection: Connection, support: User
) -> None:
    plan = draft(connection, admin)
    answer = logged_in(support).post(button(plan, "discard"), follow=True)
    assert answer.context["connection"] == connection
