"""Match and scope rules: what they decide, tried before they are saved; attributes that follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from integrations.models import (
    Approach,
    AttributeRule,
    Connection,
    DirectoryUser,
    MatchRule,
    ScopeRule,
    SyncPlan,
)
from integrations.user_sync import account_work, applying, attributes, held, scope, trying, work
from integrations.user_sync.errors import PlanError
from integrations.user_sync.matching import Matcher
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, mapped, outcomes, people, person, salesforce_id

pytestmark = pytest.mark.django_db

WORDS = ["", " ", "Sales", "sales", "West sales", "50%", "a_b", "É", "'", "\\"]


def rule(field: str, operator: str, value: Any = None) -> ScopeRule:
    return ScopeRule(field=field, operator=operator, value=value)


def match_rules(*enabled: str) -> list[MatchRule]:
    rest = [one for one in MatchRule.Rule.values if one not in enabled]
    return [
        MatchRule(rule=one, position=n, enabled=one in enabled)
        for n, one in enumerate([*enabled, *rest], 1)
    ]


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    field=st.sampled_from(["Department", "Profile.Name", "Region__c"]),
    operator=st.sampled_from(ScopeRule.Operator.values),
    value=st.one_of(st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), max_size=3)),
    word=st.sampled_from(WORDS),
)
def test_a_rule_says_the_same_of_a_person_in_memory_and_in_the_database(
    connection: Connection, field: str, operator: str, value: Any, word: str
) -> None:
    DirectoryUser.objects.all().delete()
    someone = person(
        connection, 1, department=word, profile_name=word, extra={"Region__c": word} if word else {}
    )
    one = rule(field, operator, value)
    found = DirectoryUser.objects.filter(scope.holds_in_database(one)).exists()
    assert found == scope.holds(one, someone)


def test_rules_are_tried_on_the_directory_and_name_who_is_out_by_which(
    connection: Connection, admin: User
) -> None:
    people(connection, range(4), department="Sales")
    outsider = person(connection, 9, department="Finance")
    mapped(connection, 9, account(connection.company, "fin@example.com"))
    rules = [rule("Department", "in", ["Sales", "Support"])]
    trial = trying.try_scope_rules(connection, rules)
    assert (trial.before, trial.inside, trial.outside) == (5, 4, 1)
    assert (trial.kept_out_by, trial.accounts_outside) == ([1], 1)
    is_in, why = trying.check_scope(connection, rules, outsider)
    assert not is_in
    assert "Department is one of Sales, Support" in why
    trying.save_scope_rules(connection, rules, by=admin)
    assert [str(one) for one in account_work.out_of_scope(connection)] == [
        str(connection.mappings.get())
    ]
    assert connection.mappings.get().account.is_active


def test_one_wrong_rule_does_not_put_a_whole_company_out_of_scope(
    connection: Connection, admin: User
) -> None:
    people(connection, range(9), department="Sales")
    rules = [rule("Department", "equals", "Slaes")]
    with pytest.raises(trying.NeedsConfirmation, match="Of 9 people"):
        trying.save_scope_rules(connection, rules, by=admin)
    assert not ScopeRule.objects.exists()
    trying.save_scope_rules(connection, rules, by=admin, confirmed=True)
    assert ScopeRule.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "operator", "value", "complaint"),
    [
        ("Department", "equals", "", "Say what Department"),
        ("Department", "in", "Sales", "Say what Department"),
        ("Department", "near", "Sales", "no comparison"),
        ("Region__c", "equals", "North", "has not been read"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_name(
    connection: Connection, admin: User, field: str, operator: str, value: str, complaint: str
) -> None:
    with pytest.raises(PlanError, match=complaint):
        trying.save_scope_rules(connection, [rule(field, operator, value)], by=admin)


def test_a_person_who_leaves_the_scope_after_the_preview_gets_no_account(
    connection: Connection, admin: User
) -> None:
    trying.save_scope_rules(connection, [rule("Department", "equals", "Sales")], by=admin)
    person(connection, 1, department="Sales")
    plan = plan_import(
        connection, DirectoryUser.objects.all(), by=admin, approach=Approach.AUTOMATIC
    )
    DirectoryUser.objects.update(department="Finance")
    applied(plan, admin)
    row = plan.changes.get()
    assert row.outcome == "changed"
    assert "another" in row.outcome_note


def test_rules_switched_off_find_nobody_but_an_address_is_never_doubled(
    connection: Connection, admin: User
) -> None:
    by_mail = person(connection, 1, email="ann@example.com")
    by_id = person(connection, 2, federation_id="F2")
    by_name = person(connection, 3, username="cy@example.com")
    account(connection.company, "ann@example.com")
    account(connection.company, "bo@example.com", federation_id="F2")
    account(connection.company, "cy@example.com")
    everybody = [by_mail, by_id, by_name]
    on, off = Matcher(connection), Matcher(connection, rules=match_rules())
    assert {one.verdict for one in on.match(everybody).values()} == {"map"}
    verdicts = {pk: one.verdict for pk, one in off.match(everybody).items()}
    assert verdicts == {by_mail.pk: "conflict", by_id.pk: "create", by_name.pk: "create"}
    trial = trying.try_match_rules(connection, match_rules())
    assert dict(trial.verdicts) == {"conflict": 1, "create": 2}
    assert dict(trial.before) == {"map": 3}
    trying.save_match_rules(connection, match_rules("username"), by=admin)
    assert trying.check_match(connection, match_rules("username"), by_name).verdict == "map"
    assert Matcher(connection).match([by_id])[by_id.pk].verdict == "create"


def test_an_earlier_non_match_becomes_a_suggestion(connection: Connection, admin: User) -> None:
    person(connection, 1, federation_id="F1")
    assert [one.key for one in work.work_list(connection)] == ["new_people"]
    account(connection.company, "other@example.com", federation_id="F1")
    assert [one.key for one in work.work_list(connection)] == ["suggested_matches"]


# ---- attributes


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


def test_a_refused_update_is_asked_about_again_only_when_salesforce_says_something_else(
    connection: Connection, admin: User
) -> None:
    for number in range(1, 23):
        person(connection, number, title="Boss")
        mapped(connection, number, account(connection.company, f"{number}@example.com"))
    plan = followed(connection)
    assert plan is not None
    assert plan.state == SyncPlan.State.HELD
    held.decide(plan, by=admin, refuse=plan.changes.values_list("pk", flat=True))
    applying.apply_plan(plan.pk)
    assert followed(connection) is None
    connection.directory.filter(name="Person 7").update(title="Chief")
    again = followed(connection)
    assert again is not None
    assert [row.person_name for row in again.changes.all()] == ["Person 7"]


def test_a_value_without_a_team_is_work_and_makes_no_team(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, department="Wset")
    mapped(connection, 1, account(connection.company, "ann@example.com"))
    set_rule(connection, "team", "salesforce")
    assert followed(connection) is None
    assert attributes.unknown_teams(connection) == {"Wset": 1}
    assert list(account_work.unknown_teams(connection)) == [{"text": "Wset", "people": 1}]
    assert not Team.objects.exists()


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
