"""What no page of ours sends: numbers that are none, and characters that cannot be kept."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from integrations.models import AccessRequest, Approach, Connection, SyncPlan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, people, person

from .browsing import LIST, button, messages

NUMBERS = ("9" * 5_000, "9" * 19, "²", "٣", "-1")


def page(name: str, connection: Connection, *more: object) -> str:
    return reverse(f"admin:integrations_connection_{name}", args=[connection.pk, *more])


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_no_row_has_changes_nothing(
    client: Client, admin: User, connection: Connection, company: Company, number: str
) -> None:
    plan = plan_import(connection, people(connection, [1]), by=admin)
    row, someone = plan.changes.get(), account(company, "some@example.com")
    waiting = mapped(connection, 2, account(company, "p@example.com", state=User.State.PENDING))
    team = {"mapping": [waiting.pk], "team": number}
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


def test_a_reason_is_kept_without_what_cannot_be_kept(
    client: Client, admin: User, connection: Connection, company: Company
) -> None:
    odd = "Our \x00org moves"
    first, second = people(connection, [1, 2])
    ignoring = {"action": "ignore_users", "_selected_action": [first.pk], "confirmed": "1"}
    client.post(f"{LIST}?connection={connection.pk}", ignoring | {"reason": odd})
    assert SyncPlan.objects.get().changes.get().values["reason"] == "Our org moves"
    mapping = mapped(connection, 3, account(company, "some@example.com"))
    person(connection, 3)
    unlinking = {"mapping": mapping.salesforce_user_id, "reason": odd}
    client.post(page("account_unlink", connection, mapping.account_id), unlinking)
    plan = SyncPlan.objects.latest("pk")
    assert plan.changes.get().action == "unlink"
    pending = mapped(connection, 4, account(company, "p@example.com", state=User.State.PENDING))
    rejecting = {"mapping": [pending.pk], "act": "reject", "reason": odd}
    assert client.post(page("pending", connection), rejecting).status_code == 302
    held = plan_import(connection, [second], by=None, approach=Approach.AUTOMATIC)
    SyncPlan.objects.filter(pk=held.pk).update(state=SyncPlan.State.HELD)
    client.post(button(held, "refuse"), {"reason": odd})
    assert held.changes.get().values["reason"] == "Our org moves"
    waiting = client.post(page("held_records", connection), {"person": ["005\x00"]})
    assert "Tick whom to import" in messages(waiting)
    client.post(page("pause", connection), {"reason": odd})
    connection.refresh_from_db()
    assert connection.state_reason == "Our org moves"


def test_a_note_is_kept_without_what_cannot_be_kept(client: Client, connection: Connection) -> None:
    people(connection, [1])
    client.post(page("all_active_preview", connection))
    preview = SyncPlan.objects.get()
    asking = {"plan": preview.pk, "note": "For\x00 all"}
    client.post(page("all_active_decide", connection, "request"), asking)
    assert AccessRequest.objects.get().note == "For all"
