"""What no page of ours sends: numbers that are none."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from integrations.models import Connection, SyncPlan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, people

from .browsing import LIST, button, messages, page

NUMBERS = ("9" * 5_000, "9" * 19, "²", "٣", "-1")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_no_row_has_changes_nothing(
    client: Client, admin: User, connection: Connection, company: Company, number: str
) -> None:
    plan = plan_import(connection, people(connection, [1]), by=admin)
    row, someone = plan.changes.get(), account(company, "some@example.com")
    waiting = mapped(connection, 2, account(company, "p@example.com", state=User.State.PENDING))
    team = {"mapping": [waiting.pk], "team": number, "act": "activate"}
    assert client.post(button(plan, "tick"), {"row": number}).status_code == 404
    answer = {"answer": "map", "account": number}
    assert client.post(button(plan, "resolve", row.pk), answer).status_code == 302
    assert client.get(f"{LIST}?connection={number}").status_code == 404
    listed = client.post(page("pending", connection), {"mapping": [number], "act": "activate"})
    assert "The list has changed" in messages(listed)
    assert "no such team" in messages(client.post(page("pending", connection), team))
    combine = page("account_combine", connection, someone.pk)
    assert client.post(combine, {"other": number}).status_code == 404
    ticked = {"action": "delete_selected", "_selected_action": [number]}
    users = reverse("admin:accounts_user_changelist")
    assert client.post(users, ticked).status_code in (200, 302)
    client.post(button(plan, "approve"), {"listed": [number, row.pk], "row": [number, row.pk]})
    plan.refresh_from_db()
    assert plan.state == SyncPlan.State.QUEUED
