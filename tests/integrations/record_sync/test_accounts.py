"""Records and accounts meet: owners become wanted, and combined accounts keep their reports."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, Evaluation, SyncPlan, UserMapping
from integrations.user_sync import applying, approving, automatic, combining
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.wanted import mark_owners_of_held_records

from .world import account, deal, evaluate, poll, refresh_users, rep, reports, switched_on, verdict


@pytest.fixture
def automatic_on(connection: Connection, org: DemoOrg) -> Connection:
    connection.automatic_is_on = True
    connection.automatic_accounts = Connection.NewAccounts.ACTIVE
    connection.save()
    return connection


def applied(plan: SyncPlan, by: User) -> SyncPlan:
    approving.approve(plan, by=by)
    applying.apply_plan(plan.pk)
    plan.refresh_from_db()
    return plan


def wanted() -> dict[str, str]:
    """The record for which each is wanted, by name."""
    people = DirectoryUser.objects.filter(wanted_since__isnull=False)
    return dict(people.values_list("name", "wanted_record_id"))


def test_the_owner_of_a_held_record_is_wanted_gets_an_account_and_the_report(
    automatic_on: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    refresh_users(automatic_on)
    switched_on(automatic_on, creates_accounts=True)
    won = deal(org, ann)
    poll(automatic_on)
    assert verdict(won).hold == Evaluation.Hold.NOT_MAPPED
    assert wanted() == {"Ann": won["Id"]}
    (plan,) = automatic.plan_wanted(automatic_on)
    applying.apply_plan(plan.pk)
    evaluate(automatic_on)
    assert list(reports()) == [won["Id"]]
    assert wanted() == {}


def test_nobody_is_wanted_for_a_workflow_that_does_not_take_part(
    automatic_on: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    refresh_users(automatic_on)
    workflow = switched_on(automatic_on, creates_accounts=False)
    deal(org, ann)
    poll(automatic_on)
    assert wanted() == {}
    workflow.creates_accounts = True
    workflow.save()
    evaluate(automatic_on)
    assert list(wanted()) == ["Ann"], "found by the next look, without a new record"


def test_whoever_has_held_records_is_wanted_once_automatic_is_on(
    connection: Connection, org: DemoOrg
) -> None:
    ann, gone = rep(org, "Ann"), rep(org, "Gone", IsActive=False)
    refresh_users(connection)
    switched_on(connection, creates_accounts=True)
    deal(org, ann)
    deal(org, gone)
    poll(connection)
    assert wanted() == {}
    connection.automatic_is_on = True
    connection.save()
    evaluate(connection)
    assert list(wanted()) == ["Ann"], "and nobody who has left"


def test_whoever_has_held_records_is_marked_in_one_go_for_what_waits_longest(
    connection: Connection,
    org: DemoOrg,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    people = [rep(org, name) for name in ("Ann", "Ben", "Cy")]
    refresh_users(connection)
    switched_on(connection, creates_accounts=True)
    first = [deal(org, one)["Id"] for one in people]
    poll(connection)
    for one in people:
        deal(org, one)
    poll(connection)
    connection.automatic_is_on = True
    connection.save()
    with django_assert_max_num_queries(2):
        assert mark_owners_of_held_records(connection) == 3
    assert wanted() == dict(zip(("Ann", "Ben", "Cy"), first, strict=True))


def test_the_records_of_combined_accounts_stay_with_the_one_that_is_kept(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    given_up = account(connection, ann)
    kept = User.objects.create_user(
        company=connection.company, email="ann.new@example.com", name="Ann New"
    )
    switched_on(connection)
    old = deal(org, ann)
    poll(connection)
    boss = User.objects.create_user(
        company=connection.company, email="boss@example.com", role=User.Role.ADMIN
    )
    plan = applied(combining.plan_combine(connection, keep=kept, give_up=given_up, by=boss), boss)
    new = deal(org, ann)
    org.update("Opportunity", old["Id"], Amount=5.0)
    poll(connection)
    evaluate(connection)
    assert {name for name, _ in reports().values()} == {"Ann New"}
    assert set(reports()) == {old["Id"], new["Id"]}
    assert verdict(old).report is not None

    applied(plan_revert(plan, by=boss), boss)
    assert UserMapping.objects.get().account == given_up
    org.update("Opportunity", old["Id"], Amount=6.0)
    poll(connection)
    evaluate(connection)
    assert reports()[old["Id"]][0] == "Ann"
    assert reports()[new["Id"]][0] == "Ann New", "what came in between stays where it was made"
