"""What a plan is called: as on its button before, as what was done after; and once it is undone."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync import leavers, mapping_csv
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert
from tests.integrations.user_sync.builders import (
    account,
    applied,
    imported,
    mapped,
    people,
    salesforce_id,
)

from .browsing import home, html_at, html_of

CHANGES = "/admin/integrations/syncplan/"


def assert_called(client: Client, plan: SyncPlan, words: str) -> None:
    assert f"<h1>{words}</h1>" in html_of(client, plan)
    assert f">{words}</a>" in html_at(client, CHANGES)
    assert f">{words}</a>" in home(client)


@pytest.fixture
def five(connection: Connection, company: Company) -> list[User]:
    """Accounts of five people, of which the last two are mapped already."""
    people(connection, range(5))
    accounts = [account(company, f"person{number}@example.com") for number in range(5)]
    for number in (3, 4):
        mapped(connection, number, accounts[number])
    return accounts


def test_a_mapping_file_is_called_by_what_it_would_map_and_not_by_its_lines(
    client: Client, connection: Connection, admin: User, five: list[User]
) -> None:
    lines = [f"{salesforce_id(n)},{one.email}" for n, one in enumerate(five)]
    text = "\n".join(["Salesforce user id,Account e-mail", *lines])
    plan = mapping_csv.plan_csv(connection, text, by=admin)
    assert_called(client, plan, "Map 3 Salesforce users")
    assert "Map 3 Salesforce users</button>" in html_of(client, plan)
    plan.changes.filter(person_name="Person 0").update(included=False)
    assert_called(client, plan, "Map 2 Salesforce users")
    applied(plan, admin)
    assert_called(client, plan, "Mapped 2 Salesforce users")


def test_leavers_are_called_deactivated(
    client: Client, connection: Connection, admin: User, five: list[User]
) -> None:
    DirectoryUser.objects.update(is_active=False)
    plan = leavers.plan_leavers(connection, leavers.to_deactivate(connection), by=admin)
    assert_called(client, plan, "Deactivate 2 accounts")
    applied(plan, admin)
    assert_called(client, plan, "Deactivated 2 accounts")


def test_a_plan_that_only_asks_is_called_by_what_it_asks(
    client: Client, connection: Connection, admin: User, company: Company
) -> None:
    account(company, "person1@example.com", role=User.Role.ADMIN)
    plan = plan_import(connection, people(connection, [1]), by=admin)
    assert_called(client, plan, "Decide about 1 person")


def test_the_lists_of_changes_say_what_was_reverted_and_what_only_partly(
    client: Client, connection: Connection, admin: User
) -> None:
    whole = imported(connection, people(connection, [1, 2]), admin)
    part = imported(connection, people(connection, [3, 4]), admin)
    assert "reverted<" not in html_at(client, CHANGES) + home(client)
    User.objects.filter(email="person4@example.com").update(protected=True)
    for plan in (whole, part):
        applied(plan_revert(plan, by=admin), admin)
    for page in (html_at(client, CHANGES), home(client)):
        assert page.count(">Done, reverted<") == 1
        assert page.count(">Done, partly reverted<") == 1
