"""*All active users*: asked for, decided by somebody else, withdrawn, planned again."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from integrations.models import AccessRequest, Connection, SyncPlan
from integrations.tasks import plan_request_again
from integrations.user_sync import preparing, replanning
from integrations.user_sync.applying import apply_plan
from tests.integrations.user_sync.builders import people

from .browsing import button, messages, page, ticks
from .conftest import logged_in

State = SyncPlan.State


def _requested(client: Client, connection: Connection) -> AccessRequest:
    client.post(page("all_active_preview", connection))
    return _asked(client, connection)


def _asked(client: Client, connection: Connection) -> AccessRequest:
    plan = SyncPlan.objects.get(state=State.DRAFT)
    client.post(
        page("all_active_decide", connection, "request"),
        {"plan": plan.pk, "note": "The team starts on Monday"},
    )
    return AccessRequest.objects.get(withdrawn_at=None, decision="")


def _decision(client: Client, request: AccessRequest, act: str, **more: str) -> str:
    form = {"request": request.pk, "plan": request.plan_id, **more}
    answer = client.post(page("all_active_decide", request.connection, act), form)
    return messages(answer)


def test_all_active_users_are_requested_and_approved_by_support(
    client: Client, connection: Connection, support: User
) -> None:
    people(connection, [1, 2])
    request = _requested(client, connection)
    html = client.get(page("all_active", connection)).content.decode()
    assert "Waiting" in html
    assert "--self-approve" in html
    assert "btn primary" not in html
    staff = logged_in(support)
    assert "The team starts on Monday" in staff.get("/admin/").content.decode()
    _decision(staff, request, "approve")
    request.refresh_from_db()
    assert (request.decision, request.decided_by) == ("approved", support)
    assert request.plan.state == State.QUEUED
    shown = client.get(page("all_active", connection))
    assert "Under way: 0 of 2 done so far." in shown.content.decode()
    apply_plan(request.plan_id)
    assert "2 new accounts." in client.get(page("all_active", connection)).content.decode()


def test_who_asked_cannot_approve_by_any_post(client: Client, connection: Connection) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    said = _decision(client, request, "approve")
    assert "--self-approve" in said
    client.post(button(request.plan, "approve"), ticks(request.plan))
    client.post(button(request.plan, "continue"))
    request.refresh_from_db()
    request.plan.refresh_from_db()
    assert (request.decision, request.plan.state) == ("", State.REQUESTED)


def test_a_company_that_may_decides_itself(
    client: Client, connection: Connection, company: Company
) -> None:
    Company.objects.filter(pk=company.pk).update(may_approve_own_requests=True)
    people(connection, [1])
    request = _requested(client, connection)
    _decision(client, request, "approve")
    request.refresh_from_db()
    assert request.decision == "approved"


def test_a_refusal_has_a_reason_that_whoever_asked_reads(
    client: Client, connection: Connection, support: User
) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    staff = logged_in(support)
    assert "Say why" in _decision(staff, request, "refuse")
    _decision(staff, request, "refuse", reason="No seats before May")
    assert "No seats before May" in client.get(page("all_active", connection)).content.decode()


def test_a_request_is_withdrawn_and_asked_again(client: Client, connection: Connection) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    _decision(client, request, "withdraw")
    assert "Not requested" in client.get(page("all_active", connection)).content.decode()
    assert _requested(client, connection).pk != request.pk


def test_very_many_people_are_prepared_before_they_are_requested(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 2)
    people(connection, range(1, 4))
    client.post(page("all_active_preview", connection))
    assert "Being prepared" in client.get(page("all_active", connection)).content.decode()
    preparing.prepare(SyncPlan.objects.get().pk)
    request = _asked(client, connection)
    assert request.plan.changes.count() == 3
    people(connection, [4])
    answer = _decision(client, request, "plan-again")
    assert "being planned again" in answer
    plan_request_again(request.pk, request.requested_by_id or 0)
    request.refresh_from_db()
    assert request.plan.changes.count() == 4


def test_a_plan_that_was_made_again_is_looked_at_before_it_is_approved(
    client: Client, connection: Connection, support: User
) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    stale = AccessRequest.objects.get(pk=request.pk)
    people(connection, [2])
    replanning.plan_again(request, by=None)
    staff = logged_in(support)
    assert "planned again" in _decision(staff, stale, "approve")
    html = staff.get(page("all_active", connection)).content.decode()
    assert "New: Person 2" in html
