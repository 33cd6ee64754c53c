"""Who is marked as wanted: owners of caught records who may get an account by themselves."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from integrations.models import Connection, DirectoryUser, ScopeRule, UserMapping
from integrations.user_sync import wanted

from .builders import account, mapped, person, salesforce_id


@pytest.mark.django_db(transaction=True)
def test_somebody_is_marked_as_wanted_also_outside_a_transaction(
    connection: Connection, cause: wanted.Cause
) -> None:
    person(connection, 1)
    assert wanted.mark_wanted(connection, [salesforce_id(1)], cause) == 1
    assert DirectoryUser.objects.get().wanted_since is not None


def test_a_thousand_calls_with_the_same_id_cost_one_short_query_each(
    connection: Connection,
    cause: wanted.Cause,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    person(connection, 1)
    wanted.mark_wanted(connection, [salesforce_id(1)], cause)
    since = DirectoryUser.objects.get().wanted_since
    with django_assert_max_num_queries(2):
        assert wanted.mark_wanted(connection, [salesforce_id(1)] * 1000, cause) == 0
    assert DirectoryUser.objects.get().wanted_since == since


def test_nothing_is_marked_while_automatic_or_the_workflow_is_off(
    connection: Connection, cause: wanted.Cause
) -> None:
    person(connection, 1)
    connection.automatic_is_on = False
    assert wanted.mark_wanted(connection, [salesforce_id(1)], cause) == 0
    connection.automatic_is_on = True
    cause.workflow.creates_accounts = False
    assert wanted.mark_wanted(connection, [salesforce_id(1)], cause) == 0


def test_who_is_no_colleague_is_never_wanted_and_it_is_said_why(
    connection: Connection, cause: wanted.Cause, admin: User
) -> None:
    connection.connecting_user_id = salesforce_id(6)
    connection.save()
    person(connection, 1, is_active=False)
    person(connection, 2, user_type="AutomatedProcess")
    person(connection, 3, license_name="Salesforce Integration")
    person(connection, 4, ignored_at=timezone.now(), ignored_by=admin)
    person(connection, 5, unlinked_at=timezone.now(), unlinked_by=admin)
    person(connection, 6)
    queue = "00G000000000001EAA"
    ids = [queue, *(salesforce_id(n) for n in range(1, 8))]
    assert wanted.mark_wanted(connection, ids, cause) == 0
    reasons = wanted.why_not(connection, ids)
    assert [reasons[one] for one in ids] == [
        "A queue: nobody works as a queue",
        "Left Salesforce",
        "Not a person: automated process",
        "Not a person: integration licence",
        "Ignored",
        "Unlinked by Dana Cole: only a person links them again",
        "Not a colleague: the user that connects to Salesforce",
        "Not in the list of Salesforce users yet: refresh it",
    ]


def test_scope_rules_narrow_who_is_wanted(connection: Connection, cause: wanted.Cause) -> None:
    ScopeRule.objects.create(
        company=connection.company,
        connection=connection,
        position=1,
        field="Department",
        operator="equals",
        value="Sales",
    )
    person(connection, 1, department="sales ")
    person(connection, 2, department="Finance")
    assert wanted.mark_wanted(connection, [salesforce_id(1), salesforce_id(2)], cause) == 1


def test_a_mapping_by_hand_is_never_changed(connection: Connection, cause: wanted.Cause) -> None:
    person(connection, 1, email="new@example.com")
    mapping = mapped(connection, 1, account(connection.company, "old@example.com"))
    assert wanted.mark_wanted(connection, [salesforce_id(1)], cause) == 0
    assert UserMapping.objects.get() == mapping
