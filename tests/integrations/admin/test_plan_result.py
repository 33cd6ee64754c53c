"""A plan under way and done: its progress, its result, and what is offered then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import Company, Team, User
from integrations.admin.plan_rows import to_invite
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reviewing import resolve_conflict
from tests.integrations.user_sync.builders import account, applied, imported, mapped, people

from .browsing import button, draft, html_of, messages, page_of

State = SyncPlan.State
Outcome = PlannedChange.Outcome


def test_progress_is_polled_and_says_when_no_worker_answers(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "approve"))
    assert 'data-poll="' in html_of(client, plan)
    news = client.get(button(plan, "progress")).content.decode()
    assert 'data-state="queued"' in news
    assert "You can close this page" in news
    assert "No worker" not in news
    minute_ago = timezone.now() - timedelta(seconds=61)
    SyncPlan.objects.update(approved_at=minute_ago)
    news = client.get(button(plan, "progress")).content.decode()
    assert "No worker has answered since" in news


def test_stop_and_continue(client: Client, admin: User, connection: Connection) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "approve"))
    client.post(button(plan, "stop"))
    assert "Stopped after 0 of 3" in html_of(client, plan)
    client.post(button(plan, "continue"))
    apply_plan(plan.pk)
    assert "3 new accounts." in html_of(client, plan)


@pytest.mark.parametrize("outcome", ["waiting", "changed"])
def test_no_second_draft_of_the_same_people_is_made_before_the_first_is_done(
    client: Client, admin: User, connection: Connection, outcome: str
) -> None:
    plan = draft(connection, admin)
    plan.changes.update(outcome=outcome)
    answer = client.post(button(plan, "again"), {"outcome": outcome})
    assert answer["Location"] == page_of(plan)
    assert messages(answer)
    assert SyncPlan.objects.get() == plan


def test_the_result_counts_filter_the_rows_and_offer_another_try(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "approve"))
    account(company, "person2@example.com")  # since the preview
    apply_plan(plan.pk)
    html = html_of(client, plan)
    assert "2 new accounts. 1 changed since preview." in html
    assert "Plan the 1 changed row again" in html
    changed = html_of(client, plan, "?show=changed")
    assert "Person 2" in changed
    assert "Person 1" not in changed

    client.post(button(plan, "again"), {"outcome": "done"})
    assert SyncPlan.objects.get() == plan, "what is done is not offered again"
    again = client.post(button(plan, "again"), {"outcome": "changed"})
    fresh = SyncPlan.objects.latest("pk")
    assert again["Location"] == page_of(fresh)
    assert fresh.state == State.DRAFT
    assert fresh.changes.get().person_name == "Person 2"


def test_failed_rows_are_retried_with_one_press(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    approve(plan, by=admin)
    plan.changes.filter(person_name="Person 2").update(outcome=Outcome.FAILED)
    apply_plan(plan.pk)
    assert "Retry the 1 failed row" in html_of(client, plan)
    client.post(button(plan, "again"), {"outcome": "failed"})
    assert SyncPlan.objects.latest("pk").state == State.QUEUED


def test_only_what_can_be_planned_again_has_a_button_for_it(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    approve(plan, by=admin)
    plan.changes.filter(person_name="Person 2").update(outcome=Outcome.FAILED)
    apply_plan(plan.pk)
    for kind in ("attributes", "leavers", "mappings", "combine"):
        SyncPlan.objects.filter(pk=plan.pk).update(kind=kind)
        assert "Retry" not in html_of(client, plan)
    SyncPlan.objects.filter(pk=plan.pk).update(kind="import", approach="all_active")
    answer = client.post(button(plan, "again"), {"outcome": "failed"})
    assert answer["Location"].endswith("/all-active/")
    assert not SyncPlan.objects.exclude(pk=plan.pk).exists()


def test_without_mail_invitations_are_links_shown_once(
    client: Client, admin: User, connection: Connection, settings: LazySettings
) -> None:
    settings.EMAIL_CONFIGURED = False
    plan = imported(connection, people(connection, [1, 2]), admin)
    assert "Make invitation links for 2 people" in html_of(client, plan)
    links = client.post(button(plan, "invite")).content.decode()
    assert links.count("/invitation/") == 2
    assert "Make invitation links" not in html_of(client, plan)
    assert "invited already" in messages(client.post(button(plan, "invite")))


def test_whoever_got_access_again_and_was_never_here_can_be_invited_too(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    for number, state in ((1, "deactivated"), (2, "deactivated"), (3, "active")):
        account(company, f"person{number}@example.com", state=state)
    User.objects.filter(email="person2@example.com").update(invited_at=timezone.now())
    plan = plan_import(connection, people(connection, [1, 2, 3, 4]), by=admin)
    for row in plan.changes.filter(action="conflict"):
        (candidate,) = row.candidates
        resolve_conflict(row, "map", by=admin, account_id=candidate["account_id"])
    applied(plan, admin)
    assert set(plan.changes.values_list("action", "outcome")) == {
        ("map", "done"),
        ("create", "done"),
    }
    assert {one.email for one in to_invite(plan)} == {"person1@example.com", "person4@example.com"}


def test_with_mail_invitations_are_the_workers_work(
    client: Client, admin: User, connection: Connection, settings: LazySettings
) -> None:
    settings.EMAIL_CONFIGURED = True
    plan = imported(connection, people(connection, [1, 2]), admin)
    tasks = OrmQ.objects.count()
    assert "2 invitations on the way" in messages(client.post(button(plan, "invite")))
    assert OrmQ.objects.count() == tasks + 1


def test_who_was_imported_before_their_team_was_made_can_join_it_afterwards(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    plan = imported(connection, people(connection, [1, 2], department="West"), admin)
    html = html_of(client, plan)
    assert "Make the team “West”</a>, then come back here" in html
    assert "into their teams" not in html
    assert "make the missing teams first" in messages(client.post(button(plan, "teams")))
    west = Team.objects.create(company=company, name="west")
    assert "Put 2 people into their teams…" in html_of(client, plan)
    client.post(button(plan, "teams"))
    joining = SyncPlan.objects.latest("pk")
    assert joining.state == State.DRAFT
    applied(joining, admin)
    assert User.objects.filter(team=west).count() == 2
    assert "into their teams" not in html_of(client, plan)


def test_whoever_changed_departments_since_the_import_joins_the_team_of_today(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    everybody = people(connection, [1, 2], department="West", role_name="Sales")
    plan = imported(connection, everybody, admin)
    DirectoryUser.objects.filter(pk=everybody[0].pk).update(department="East")
    east, sales = (Team.objects.create(company=company, name=name) for name in ("East", "Sales"))
    assert "Put 2 people into their teams…" in html_of(client, plan)
    client.post(button(plan, "teams"))
    applied(SyncPlan.objects.latest("pk"), admin)
    teams = dict(User.objects.exclude(team=None).values_list("email", "team"))
    assert teams == {"person1@example.com": east.pk, "person2@example.com": sales.pk}


def test_an_account_that_is_somebody_elses_by_now_joins_no_team_of_its_former_person(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    left, _ = people(connection, [1, 2], department="West")
    plan = imported(connection, [left], admin)
    UserMapping.objects.filter(connection=connection).update(is_current=False)
    mapped(connection, 2, User.objects.get(email=left.email))
    Team.objects.create(company=company, name="West")
    assert "into their teams" not in html_of(client, plan)
    assert "make the missing teams first" in messages(client.post(button(plan, "teams")))
