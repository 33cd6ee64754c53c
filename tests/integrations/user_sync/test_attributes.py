"""Attributes of accounts follow Salesforce, each by its policy."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, Team, User
from integrations.models import AttributeRule, Connection, SyncPlan, UserMapping
from integrations.user_sync import account_work, applying, attributes, held
from integrations.user_sync.late_teams import plan_joining
from integrations.user_sync.reverting import plan_revert

from .builders import (
    account,
    applied,
    imported,
    mapped,
    notes,
    outcomes,
    people,
    person,
    salesforce_id,
)


def set_rule(connection: Connection, attribute: str, policy: str, source: str = "") -> None:
    one = AttributeRule.objects.get(connection=connection, attribute=attribute)
    one.policy, one.source = policy, source or one.source
    one.save()


def followed(connection: Connection) -> SyncPlan | None:
    plan = attributes.plan_attributes(connection)
    if plan is not None:
        applying.apply_plan(plan.pk)
        plan.refresh_from_db()
    return plan


def test_attributes_follow_each_by_its_policy_and_come_back_by_a_revert(
    connection: Connection, admin: User
) -> None:
    west = Team.objects.create(company=connection.company, name="West")
    person(connection, 1, name="Ann Married", title="Rep", department="west", time_zone="Mars/X")
    ann = account(connection.company, "ann@example.com", name="Ann Lee", title="Own title")
    mapped(connection, 1, ann)
    set_rule(connection, "name", "salesforce")
    set_rule(connection, "team", "fill")
    plan = followed(connection)
    assert plan is not None
    ann.refresh_from_db()
    assert (ann.name, ann.title, ann.team, ann.time_zone) == ("Ann Married", "Own title", west, "")
    assert ann.email == "ann@example.com"
    assert [one.account for one in account_work.email_differs(connection)] == [ann]
    assert followed(connection) is None
    assert set(attributes.follows_salesforce(ann)) == {"name"}
    User.objects.update(title="Changed since")
    applied(plan_revert(plan, by=admin), admin)
    ann.refresh_from_db()
    assert (ann.name, ann.team, ann.title) == ("Ann Lee", None, "Changed since")


def test_what_a_person_reverted_is_not_written_again_before_something_changes(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, name="Ann Married")
    ann = account(connection.company, "ann@example.com", name="Ann Lee")
    mapped(connection, 1, ann)
    set_rule(connection, "name", "salesforce")
    plan = followed(connection)
    assert plan is not None
    applied(plan_revert(plan, by=admin), admin)
    assert followed(connection) is None
    ann.refresh_from_db()
    assert ann.name == "Ann Lee"
    rule = AttributeRule.objects.get(connection=connection, attribute="name")
    for policy in ("never", "salesforce"):
        attributes.change_rule(rule, policy=policy, source="Name", by=admin)
    assert followed(connection) is not None
    ann.refresh_from_db()
    assert ann.name == "Ann Married"


def held_plan(connection: Connection) -> SyncPlan:
    """One about 22 titles at once, which are too many."""
    for number in range(1, 23):
        person(connection, number, title="Boss")
        mapped(connection, number, account(connection.company, f"{number}@example.com"))
    plan = followed(connection)
    assert plan is not None
    assert plan.state == SyncPlan.State.HELD
    return plan


def test_a_refused_update_is_asked_about_again_only_when_salesforce_says_something_else(
    connection: Connection, admin: User
) -> None:
    plan = held_plan(connection)
    held.decide(plan, by=admin, refuse=plan.changes.values_list("pk", flat=True))
    applying.apply_plan(plan.pk)
    assert followed(connection) is None
    connection.directory.filter(name="Person 7").update(title="Chief")
    again = followed(connection)
    assert again is not None
    assert [row.person_name for row in again.changes.all()] == ["Person 7"]


def test_a_held_plan_ends_once_none_of_its_differences_is_left(
    connection: Connection, admin: User
) -> None:
    plan = held_plan(connection)
    connection.directory.exclude(name="Person 7").update(title="")
    assert followed(connection) is None
    plan.refresh_from_db()
    assert plan.state == SyncPlan.State.HELD, "one is left to decide about"
    connection.directory.filter(name="Person 7").update(title="Chief")
    other = followed(connection)
    plan.refresh_from_db()
    assert (plan.state, plan.problem) == (
        SyncPlan.State.DISCARDED,
        "Nothing was left to do: none of these differences is there any more.",
    )
    assert other is not None
    assert outcomes(other) == {"Person 7": "done"}, "what Salesforce says now is followed"


def test_what_a_person_began_and_stopped_does_not_keep_attributes_from_following(
    connection: Connection, company: Company, admin: User
) -> None:
    plan = imported(connection, [person(connection, 1, department="West")], admin)
    Team.objects.create(company=company, name="West")
    joining = plan_joining(plan, by=admin)
    SyncPlan.objects.filter(pk=joining.pk).update(state=SyncPlan.State.STOPPED)
    connection.directory.update(title="Boss")
    User.objects.filter(email="person1@example.com").update(title="")
    assert followed(connection) is not None
    assert User.objects.get(email="person1@example.com").title == "Boss"


def test_an_account_that_became_another_persons_gets_no_value_of_the_former(
    connection: Connection, admin: User
) -> None:
    ann = account(connection.company, "ann@example.com")
    people(connection, [1, 2], title="Boss")
    first = mapped(connection, 1, ann)
    plan = attributes.plan_attributes(connection)
    assert plan is not None
    first.delete()
    mapped(connection, 2, ann)
    applying.apply_plan(plan.pk)
    assert notes(plan) == {"Person 1": "Since the preview: the mapping was changed."}
    ann.refresh_from_db()
    assert ann.title == ""


def test_nobody_joins_the_late_team_of_another_person(
    connection: Connection, company: Company, admin: User
) -> None:
    plan = imported(connection, [person(connection, 1, department="West")], admin)
    Team.objects.create(company=company, name="West")
    joining = plan_joining(plan, by=admin)
    UserMapping.objects.update(is_current=False)
    applied(joining, admin)
    assert outcomes(joining) == {"Person 1": "changed"}
    assert User.objects.get(email="person1@example.com").team is None


def test_a_value_without_a_team_is_work_and_makes_no_team(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, department="Wset")
    mapped(connection, 1, account(connection.company, "ann@example.com"))
    set_rule(connection, "team", "salesforce")
    assert followed(connection) is None
    assert list(account_work.unknown_teams(connection)) == [{"text": "Wset", "people": 1}]
    assert not Team.objects.exists()
    west = Team.objects.create(company=connection.company, name="West")
    connection.directory.update(department=" west ")
    assert not account_work.unknown_teams(connection).exists(), "names are compared without blanks"
    west.delete()
    assert list(account_work.unknown_teams(connection)) == [{"text": "west", "people": 1}]
    User.objects.update(protected=True)
    assert not account_work.unknown_teams(connection).exists(), "no rule touches it"


def test_the_team_may_be_the_managers(connection: Connection, admin: User) -> None:
    west = Team.objects.create(company=connection.company, name="West")
    person(connection, 1)
    person(connection, 2, manager_id_in_salesforce=salesforce_id(1))
    mapped(connection, 1, account(connection.company, "boss@example.com", team=west))
    rep = account(connection.company, "rep@example.com")
    mapped(connection, 2, rep)
    set_rule(connection, "team", "salesforce", AttributeRule.MANAGERS_TEAM)
    followed(connection)
    rep.refresh_from_db()
    assert rep.team == west


def test_protected_people_follow_nothing(connection: Connection, admin: User) -> None:
    person(connection, 1, name="New Name")
    mapped(connection, 1, account(connection.company, "ann@example.com", protected=True))
    set_rule(connection, "name", "salesforce")
    assert followed(connection) is None


def test_one_wrong_rule_does_not_rename_a_company(connection: Connection, admin: User) -> None:
    people(connection, range(25))
    accounts: Sequence[User] = [
        account(connection.company, f"a{n}@example.com", name="Own") for n in range(25)
    ]
    for number, one in enumerate(accounts):
        mapped(connection, number, one)
    set_rule(connection, "name", "salesforce")
    plan = attributes.plan_attributes(connection)
    assert plan is not None
    assert (plan.state, "25 accounts" in plan.held_reason) == (SyncPlan.State.HELD, True)
    assert User.objects.filter(name="Own").count() == 25
    assert attributes.plan_attributes(connection) is None
    assert set(outcomes(plan).values()) == {"waiting"}


def test_differences_cost_the_same_queries_for_any_number_of_accounts(
    connection: Connection,
) -> None:
    connection.attribute_rules.update(policy=AttributeRule.Policy.SALESFORCE)
    set_rule(connection, "title", "salesforce", "Region__c")
    counts = []
    for numbers in (range(2), range(2, 18)):
        people(connection, numbers, time_zone="Europe/Oslo", extra={"Region__c": "North"})
        for number in numbers:
            mapped(connection, number, account(connection.company, f"a{number}@example.com"))
        with CaptureQueriesContext(database) as queries:
            assert attributes.plan_attributes(connection) is not None
        SyncPlan.objects.all().update(state=SyncPlan.State.DISCARDED)
        counts.append(len(queries))
    assert counts[0] == counts[1]
