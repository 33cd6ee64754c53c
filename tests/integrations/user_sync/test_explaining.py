"""Explain this person, and the work list: what is so, why, and what would happen now."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange
from integrations.user_sync import manual, work
from integrations.user_sync.approving import approve
from integrations.user_sync.explaining import explain
from integrations.user_sync.planning import plan_import

from .builders import account, imported, mapped, people, person, salesforce_id

pytestmark = pytest.mark.django_db


def test_five_steps_say_what_is_so_and_why(connection: Connection, admin: User) -> None:
    someone = person(connection, 1)
    account(connection.company, someone.email, name="Ann", last_login=timezone.now())
    explanation = explain(someone)
    assert [step.name for step in explanation.steps] == ["Read", "Scope", "Match", "Plan", "Apply"]
    match = explanation.steps[2]
    assert (match.verdict, match.is_fine) == ("Conflict", False)
    assert any("Ann" in detail for detail in match.details)
    assert [step.tone for step in explanation.steps] == ["good", "good", "warn", "", ""]
    assert explanation.next == "Nothing by itself: Automatic is off. Import the person on demand."
    assert explanation.history == []


def test_what_would_happen_now_follows_the_settings(connection: Connection, admin: User) -> None:
    someone = person(connection, 1)
    connection.automatic_is_on = True
    connection.save()
    assert "as soon as a workflow" in explain(DirectoryUser.objects.get()).next
    DirectoryUser.objects.update(wanted_since=timezone.now())
    assert "within a minute" in explain(DirectoryUser.objects.get()).next
    imported(connection, [someone], admin)
    explanation = explain(DirectoryUser.objects.get())
    assert explanation.mapping is not None
    assert explanation.next == "Nothing: the account stays as it is."
    assert [step.tone for step in explanation.steps[2:]] == ["good"] * 3
    assert explanation.steps[3].details[1] == f"Approved by {admin}."
    DirectoryUser.objects.update(is_active=False)
    assert "suggested" in explain(DirectoryUser.objects.get()).next


def test_what_waits_for_approval_is_named_until_the_person_has_an_account(
    connection: Connection, admin: User
) -> None:
    someone = person(connection, 1)
    row = plan_import(connection, [someone], by=admin).changes.get()
    assert explain(someone).waiting == row
    imported(connection, [someone], admin)
    assert explain(someone).waiting is None


def test_who_approved_is_named_also_when_their_account_is_gone(
    connection: Connection, admin: User
) -> None:
    eve = account(connection.company, "eve@example.com", name="Eve", role=User.Role.ADMIN)
    someone = person(connection, 1)
    imported(connection, [someone], eve)
    eve.delete()
    assert explain(someone).steps[3].details[1] == "Approved by Eve."
    automatic = approved_by_the_policy(connection)
    assert explain(automatic).steps[3].details[1] == "Approved by the policy."


def approved_by_the_policy(connection: Connection) -> DirectoryUser:
    someone = person(connection, 2)
    approve(plan_import(connection, [someone], by=None, approach=Approach.AUTOMATIC), by=None)
    return someone


def test_somebody_frozen_is_not_offered_to_be_added(connection: Connection, admin: User) -> None:
    someone = person(connection, 1)
    assert explain(someone).can_be_added
    DirectoryUser.objects.update(is_frozen=True)
    explanation = explain(DirectoryUser.objects.get())
    assert not explanation.can_be_added
    assert explanation.next == "Nothing: Frozen in Salesforce."
    assert [step.tone for step in explanation.steps[2:]] == ["", "", ""]


def test_a_decision_of_a_person_is_named(connection: Connection, admin: User) -> None:
    person(connection, 1)
    mapped(connection, 1, account(connection.company, "ann@example.com"))
    manual.unlink(connection, salesforce_id=salesforce_id(1), reason="Two Anns", by=admin)
    explanation = explain(DirectoryUser.objects.get())
    assert "Two Anns" in explanation.would_happen["all_active"]
    assert any("Unlinked by Dana Cole" in one for one in explanation.steps[2].details)


def test_the_work_list_counts_what_waits_and_leaves_out_zeros(
    connection: Connection, admin: User, other_company: Company
) -> None:
    assert work.work_list(connection) == []
    person(connection, 1)
    person(connection, 2, is_active=False)
    person(connection, 3, email="new@example.com")
    person(connection, 4)
    mapped(connection, 2, account(connection.company, "person2@example.com"))
    mapped(connection, 3, account(connection.company, "old@example.com"))
    waiting = account(connection.company, "p@example.com", state=User.State.PENDING)
    mapped(connection, 9, waiting)
    account(connection.company, "person4@example.com")
    counts = {one.key: one.count for one in work.work_list(connection)}
    assert counts == {
        "to_deactivate": 1,
        "pending": 1,
        "suggested_matches": 1,
        "email_differs": 1,
        "new_people": 1,
    }
    theirs = Connection.objects.create(company=other_company, login_url="https://x.salesforce.com")
    assert work.work_list(theirs) == []


def test_a_new_draft_hides_no_failure_before_somebody_approves_it(
    connection: Connection, admin: User
) -> None:
    someone = person(connection, 1)
    plan = plan_import(connection, [someone], by=admin)
    approve(plan, by=admin)
    plan.changes.update(outcome=PlannedChange.Outcome.FAILED)
    again = plan_import(connection, [someone], by=admin)
    assert [row.plan for row in work.not_applied(connection)] == [plan]
    approve(again, by=admin)
    assert not work.not_applied(connection).exists()


def test_the_work_list_costs_the_same_for_any_number_of_people(
    connection: Connection, admin: User
) -> None:
    person(connection, 0)
    with CaptureQueriesContext(database) as few:
        work.work_list(connection)
    people(connection, range(1, 300))
    with CaptureQueriesContext(database) as many:
        work.work_list(connection)
    assert len(many) == len(few) < 25
