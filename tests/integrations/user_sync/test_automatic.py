"""Automatic: once a minute those who are wanted get accounts, up to the limit of the day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync import applying, automatic, held, wanted
from integrations.user_sync.planning import plan_ignore
from integrations.user_sync.preparing import plan_again
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, imported, people, person, salesforce_id

pytestmark = pytest.mark.django_db


def run(connection: Connection) -> list[SyncPlan]:
    plans = automatic.plan_wanted(connection)
    for plan in plans:
        applying.apply_plan(plan.pk)
    return plans


def test_a_wanted_person_gets_a_pending_account_with_its_cause(
    connection: Connection, cause: wanted.Cause
) -> None:
    person(connection, 1)
    assert wanted.mark_wanted(connection, [salesforce_id(1)], cause) == 1
    (plan,) = run(connection)
    assert UserMapping.objects.get().account.state == User.State.PENDING
    assert plan.changes.get().values["cause"] == {
        "record_id": "006000000000001AAA",
        "workflow_id": cause.workflow.pk,
    }
    assert DirectoryUser.objects.get().wanted_since is None
    assert run(connection) == []


def test_nobody_gets_an_account_by_itself_once_the_integration_is_terminated(
    connection: Connection, cause: wanted.Cause
) -> None:
    person(connection, 1)
    wanted.mark_wanted(connection, [salesforce_id(1)], cause)
    Connection.objects.update(state=Connection.State.TERMINATED)
    automatic.plan_everywhere()
    assert run(connection) == []
    assert not SyncPlan.objects.exists()


def test_above_the_daily_limit_people_wait_for_a_person(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    people(connection, range(5))
    wanted.mark_wanted(connection, [salesforce_id(n) for n in range(5)], cause)
    first, rest = automatic.plan_wanted(connection)
    assert (first.state, rest.state) == (SyncPlan.State.QUEUED, SyncPlan.State.HELD)
    applying.apply_plan(first.pk)
    assert automatic.made_today(connection) == 3
    person(connection, 9)
    wanted.mark_wanted(connection, [salesforce_id(9)], cause)
    assert automatic.plan_wanted(connection) == []
    assert [plan.pk for plan in held.not_told()] == [rest.pk]
    refused, _approved = rest.changes.order_by("position")
    held.decide(rest, by=admin, refuse=[refused.pk])
    applying.apply_plan(rest.pk)
    assert UserMapping.objects.count() == 4
    ignored = DirectoryUser.objects.get(ignored_at__isnull=False)
    assert ignored.salesforce_id == refused.salesforce_user_id
    assert automatic.made_today(connection) == 3
    (later,) = automatic.plan_wanted(connection)
    assert later.state == SyncPlan.State.HELD


def test_a_held_plan_ends_once_all_of_its_people_have_accounts_or_are_ignored(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    people(connection, range(5))
    wanted.mark_wanted(connection, [salesforce_id(n) for n in range(5)], cause)
    first, rest = automatic.plan_wanted(connection)
    applying.apply_plan(first.pk)
    one, other = DirectoryUser.objects.filter(
        salesforce_id__in=rest.changes.values("salesforce_user_id")
    )
    imported(connection, [one], admin)
    automatic.plan_everywhere()
    rest.refresh_from_db()
    assert rest.state == SyncPlan.State.HELD, "one is left to decide about"
    applied(plan_ignore(connection, [other], by=admin), admin)
    automatic.plan_everywhere()
    rest.refresh_from_db()
    assert (rest.state, rest.problem) == (
        SyncPlan.State.DISCARDED,
        "Nothing was left to do: everybody here has an account, or is ignored.",
    )


def test_the_limit_is_a_days(connection: Connection, cause: wanted.Cause) -> None:
    people(connection, range(4))
    wanted.mark_wanted(connection, [salesforce_id(n) for n in range(3)], cause)
    run(connection)
    PlannedChange.objects.all()._raw_delete(PlannedChange.objects.db)
    SyncPlan.objects.update(approved_at=timezone.now() - timedelta(days=1))
    wanted.mark_wanted(connection, [salesforce_id(3)], cause)
    (plan,) = automatic.plan_wanted(connection)
    assert plan.state == SyncPlan.State.QUEUED


def test_without_a_free_seat_accounts_are_pending_where_the_company_chose_so(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    connection.company.seat_limit = 2
    connection.company.save()
    connection.automatic_accounts = Connection.NewAccounts.ACTIVE_IN_A_SEAT
    connection.save()
    people(connection, range(3))
    wanted.mark_wanted(connection, [salesforce_id(n) for n in range(3)], cause)
    run(connection)
    states = UserMapping.objects.values_list("account__state", flat=True)
    assert sorted(states) == ["active", "pending", "pending"]


def test_somebody_in_conflict_is_asked_about_once(
    connection: Connection, cause: wanted.Cause
) -> None:
    account(connection.company, "boss@example.com", role=User.Role.ADMIN)
    person(connection, 1, email="boss@example.com")
    wanted.mark_wanted(connection, [salesforce_id(1)], cause)
    (plan,) = run(connection)
    assert plan.changes.get().outcome_note == "Nobody decided."
    assert run(connection) == []


def test_what_cannot_be_done_is_tried_once_and_again_when_the_person_changed(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    connection.company.seat_limit = 1
    connection.company.save()
    connection.automatic_accounts = Connection.NewAccounts.ACTIVE
    connection.save()
    person(connection, 1)
    person(connection, 2, email="")
    wanted.mark_wanted(connection, [salesforce_id(1), salesforce_id(2)], cause)
    (plan,) = run(connection)
    assert set(plan.changes.values_list("outcome", flat=True)) == {"no_seat", "left"}
    assert run(connection) == []
    later = timezone.now()
    DirectoryUser.objects.filter(email="").update(email="b@example.com", refreshed_at=later)
    (again,) = run(connection)
    assert again.changes.get().salesforce_user_id == salesforce_id(2)


def test_planning_rows_of_an_automatic_plan_again_keeps_new_accounts_pending(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    person(connection, 1)
    wanted.mark_wanted(connection, [salesforce_id(1)], cause)
    (plan,) = automatic.plan_wanted(connection)
    DirectoryUser.objects.update(department="Sales")
    applying.apply_plan(plan.pk)
    plan.refresh_from_db()
    again = plan_again(plan, [PlannedChange.Outcome.CHANGED], by=admin)
    applied(again, admin)
    assert UserMapping.objects.get().account.state == User.State.PENDING


def test_a_revert_can_keep_people_from_coming_back(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    person(connection, 1)
    wanted.mark_wanted(connection, [salesforce_id(1)], cause)
    (plan,) = run(connection)
    plan.refresh_from_db()
    applied(plan_revert(plan, by=admin, ignore=True), admin)
    assert not UserMapping.objects.exists()
    assert wanted.mark_wanted(connection, [salesforce_id(1)], cause) == 0
    assert DirectoryUser.objects.get().ignored_reason == "The import was reverted"


def test_a_rejected_pending_person_is_ignored_and_can_be_taken_back(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    person(connection, 1)
    wanted.mark_wanted(connection, [salesforce_id(1)], cause)
    run(connection)
    made = UserMapping.objects.get().account
    plan = applied(automatic.reject(connection, [made], by=admin, reason="Intern"), admin)
    made.refresh_from_db()
    assert made.state == User.State.DEACTIVATED
    assert DirectoryUser.objects.get().ignored_reason == "Intern"
    applied(plan_revert(plan, by=admin), admin)
    made.refresh_from_db()
    assert made.state == User.State.PENDING
    assert DirectoryUser.objects.get().ignored_at is None
