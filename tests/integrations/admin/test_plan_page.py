"""A plan's page: the preview and its decisions, the progress, the result and what it offers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import Company, User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reviewing import resolve_conflict
from tests.activities.making import make_report, make_type
from tests.integrations.user_sync.builders import account, imported, mapped, people, person

from .browsing import button, messages, page_of
from .conftest import logged_in

State = SyncPlan.State
Outcome = PlannedChange.Outcome


def draft(connection: Connection, by: User, number: int = 3) -> SyncPlan:
    return plan_import(connection, people(connection, range(1, number + 1)), by=by)


def page(client: Client, plan: SyncPlan, query: str = "") -> str:
    answer = client.get(page_of(plan) + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_preview_has_one_primary_button_with_verb_and_count(
    client: Client, admin: User, connection: Connection
) -> None:
    html = page(client, draft(connection, admin))
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
    assert answer.json() == {"button": "Import 2 users", "can_approve": True, "seats": ""}
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
    assert "Dana Cole already approved this plan" in messages(late)
    plan.refresh_from_db()
    assert plan.approved_by == admin
    assert "approved by Dana Cole" in page(logged_in(second_admin), plan)


def test_a_discarded_plan_changes_nothing_and_cannot_be_approved(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "discard"))
    assert "discarded" in messages(client.post(button(plan, "approve")))
    plan.refresh_from_db()
    assert plan.state == State.DISCARDED
    assert "discarded before anything happened" in page(client, plan)


@pytest.fixture
def conflict(company: Company, connection: Connection, admin: User) -> PlannedChange:
    account(company, "person1@example.com", name="Boss", role=User.Role.ADMIN)
    plan = plan_import(connection, [person(connection, 1)], by=admin)
    return plan.changes.get()


def test_a_conflict_shows_its_candidates_side_by_side(
    client: Client, conflict: PlannedChange
) -> None:
    html = page(client, conflict.plan)
    for words in ("Boss", "Company admin", "Never logged in", "Map to this account"):
        assert words in html
    assert "Nobody to import" in html


def test_answers_to_a_conflict_that_cannot_work_are_disabled_with_the_reason(
    client: Client, conflict: PlannedChange, connection: Connection
) -> None:
    html = page(client, conflict.plan)
    assert '<button class="btn" disabled>Create a new account</button>' in html
    assert "Boss already has this e-mail, and nobody else can." in html
    assert '<button class="btn">Map to this account</button>' in html
    mapped(connection, 2, User.objects.get(name="Boss"))
    html = page(client, conflict.plan)
    assert '<button class="btn" disabled>Map to this account</button>' in html
    assert "Boss is mapped to another Salesforce user, " in html


def test_a_shared_e_mail_names_the_other_person_with_one_query_more(
    client: Client, connection: Connection, admin: User
) -> None:
    chosen = people(connection, range(1, 4), email="shared@example.com")
    person(connection, 9, name="Bo Left", email="SHARED@example.com", is_active=False)
    plan = plan_import(connection, chosen, by=admin)
    html = page(client, plan)
    other = DirectoryUser.objects.get(name="Person 2")
    assert reverse("admin:integrations_directoryuser_change", args=[other.pk]) in html
    assert "Bo Left (user9@example.com.org, has left)" in html
    with CaptureQueriesContext(database) as queries:
        page(client, plan)
    resolve_conflict(plan.changes.order_by("position")[0], "ignore", by=admin)
    plan.changes.exclude(values__has_key="resolved").delete()
    with CaptureQueriesContext(database) as fewer:
        page(client, plan)
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
    assert "Import 1 user<" in page(client, conflict.plan)


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


def test_progress_is_polled_and_says_when_no_worker_answers(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "approve"))
    assert 'data-poll="' in page(client, plan)
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
    assert "Stopped after 0 of 3" in page(client, plan)
    client.post(button(plan, "continue"))
    apply_plan(plan.pk)
    assert "3 new accounts." in page(client, plan)


def test_the_result_counts_filter_the_rows_and_offer_another_try(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    plan = draft(connection, admin)
    client.post(button(plan, "approve"))
    account(company, "person2@example.com")  # since the preview
    apply_plan(plan.pk)
    html = page(client, plan)
    assert "2 new accounts. 1 changed since preview." in html
    assert "Plan the 1 changed row again" in html
    changed = page(client, plan, "?show=changed")
    assert "Person 2" in changed
    assert "Person 1" not in changed

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
    assert "Retry the 1 failed row" in page(client, plan)
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
        assert "Retry" not in page(client, plan)
    SyncPlan.objects.filter(pk=plan.pk).update(kind="import", approach="all_active")
    answer = client.post(button(plan, "again"), {"outcome": "failed"})
    assert answer["Location"].endswith("/all-active/")
    assert not SyncPlan.objects.exclude(pk=plan.pk).exists()


def test_revert_leads_to_its_preview_and_ends_without_a_trace(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = imported(connection, people(connection, [1, 2]), admin)
    answer = client.post(button(plan, "revert"))
    revert = SyncPlan.objects.get(kind=SyncPlan.Kind.REVERT)
    assert answer["Location"] == page_of(revert)
    html = page(client, revert)
    assert "Revert 2 changes" in html
    assert f'href="{page_of(plan)}"' in html
    assert "What cannot be undone" not in html
    assert "stay in the feed" not in html
    client.post(button(revert, "approve"))
    apply_plan(revert.pk)
    assert not UserMapping.objects.exists()
    html = page(client, plan)
    assert "This was reverted." in html
    assert "Revert…" not in html
    assert "Nothing was changed" not in page(client, revert)


def test_the_preview_of_a_revert_says_what_stays(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = imported(connection, people(connection, [1, 2]), admin)
    stays, gone = User.objects.filter(name__in=("Person 1", "Person 2")).order_by("name")
    assert stays.company is not None
    make_report(stays, make_type(stays.company))
    UserMapping.objects.filter(account=gone).delete()
    gone.delete()
    client.post(button(plan, "revert"))
    revert = SyncPlan.objects.get(kind=SyncPlan.Kind.REVERT)
    html = page(client, revert)
    assert "What cannot be undone is listed first" in html
    assert "Their reports stay in the feed" in html
    client.post(button(revert, "approve"))
    apply_plan(revert.pk)
    html = page(client, revert)
    assert "What cannot be undone" not in html
    assert f'href="{page_of(plan)}"' in html


def test_without_mail_invitations_are_links_shown_once(
    client: Client, admin: User, connection: Connection, settings: LazySettings
) -> None:
    settings.EMAIL_CONFIGURED = False
    plan = imported(connection, people(connection, [1, 2]), admin)
    assert "Make invitation links for 2 people" in page(client, plan)
    links = client.post(button(plan, "invite")).content.decode()
    assert links.count("/invitation/") == 2
    assert "Make invitation links" not in page(client, plan)
    assert "invited already" in messages(client.post(button(plan, "invite")))


def test_with_mail_invitations_are_the_workers_work(
    client: Client, admin: User, connection: Connection, settings: LazySettings
) -> None:
    settings.EMAIL_CONFIGURED = True
    plan = imported(connection, people(connection, [1, 2]), admin)
    tasks = OrmQ.objects.count()
    assert "2 invitations on the way" in messages(client.post(button(plan, "invite")))
    assert OrmQ.objects.count() == tasks + 1


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


def test_a_plan_of_a_thousand_rows_costs_as_many_queries_as_one_of_three(
    client: Client, admin: User, connection: Connection
) -> None:
    small, large = draft(connection, admin), draft_of_more(connection, admin, 1_000)
    assert _count(client, large) <= _count(client, small)
    assert "Page 1 of 10" in page(client, large)
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
