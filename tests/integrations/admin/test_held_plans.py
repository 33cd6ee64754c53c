"""What waits for a person: pending people, and plans above a limit."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client

from accounts.models import Company, Team, User
from integrations.admin import plan_actions
from integrations.models import Approach, Connection, SyncPlan, UserMapping
from integrations.user_sync import approving
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, people

from .browsing import button, messages, page, page_of, ticks

State = SyncPlan.State


def test_pending_people_are_activated_with_a_team_or_rejected(
    client: Client, connection: Connection, company: Company
) -> None:
    team = Team.objects.create(company=company, name="West")
    chosen = people(connection, [1, 2])
    first, second = (
        mapped(connection, n, account(company, f"p{n}@example.com", state=User.State.PENDING))
        for n in (1, 2)
    )
    client.post(
        page("pending", connection),
        {"mapping": [first.pk], "team": team.pk, "act": "activate"},
    )
    first.account.refresh_from_db()
    assert (first.account.state, first.account.team) == (User.State.ACTIVE, team)
    client.post(
        page("pending", connection), {"mapping": [second.pk], "act": "reject", "reason": "Partner"}
    )
    plan = SyncPlan.objects.get()
    client.post(button(plan, "approve"), ticks(plan))

    apply_plan(plan.pk)
    chosen[1].refresh_from_db()
    assert chosen[1].ignored_reason == "Partner"


def test_unticked_rows_of_a_held_change_are_refused_for_good(
    client: Client, connection: Connection, admin: User
) -> None:

    first, second = people(connection, [1, 2])
    plan = plan_import(connection, [first, second], by=None, approach=Approach.AUTOMATIC)
    SyncPlan.objects.update(state=State.HELD, held_reason="At most 20 a day.")
    assert "At most 20 a day." in client.get(page_of(plan)).content.decode()
    posted = ticks(plan)
    posted["row"] = [plan.changes.get(person_name="Person 1").pk]
    client.post(button(plan, "approve"), {**posted, "reason": "Works elsewhere"})
    apply_plan(plan.pk)
    second.refresh_from_db()
    assert second.ignored_reason == "Works elsewhere"
    assert UserMapping.objects.get().salesforce_user_id == first.salesforce_id


def test_refusing_all_rows_of_a_plan_that_a_colleague_approved_meanwhile_changes_nothing(
    client: Client, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_import(connection, people(connection, [1, 2]), by=None, approach=Approach.AUTOMATIC)
    SyncPlan.objects.update(state=State.HELD, held_reason="At most 20 a day.")

    def after_the_colleague(request: HttpRequest, plan_id: int) -> SyncPlan:
        plan = find_plan(request, plan_id)
        approving.approve(SyncPlan.objects.get(pk=plan_id), by=admin)
        return plan

    find_plan = plan_actions.find_plan
    monkeypatch.setattr(plan_actions, "find_plan", after_the_colleague)
    answer = client.post(button(plan, "refuse"), {"reason": "No"})
    assert "already approved" in messages(answer)
    assert plan.changes.filter(included=True, action="create").count() == 2
