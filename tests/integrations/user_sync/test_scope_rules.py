"""Scope rules: who is in, in memory and in the database, tried before they are saved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from integrations.models import Approach, Connection, DirectoryUser, ScopeRule
from integrations.user_sync import account_work, scope, trying
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_import

from .builders import account, applied, mapped, people, person

WORDS = ["", " ", "Sales", "sales", "West sales", "50%", "a_b", "É", "'", "\\"]


def rule(field: str, operator: str, value: Any = None) -> ScopeRule:
    return ScopeRule(field=field, operator=operator, value=value)


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
    why = trying.check_scope(connection, rules, outsider)
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
