"""Reading the demo org: what is there, what is hidden, and names with odd characters."""

import pytest

from integrations.demo_org import DemoOrg
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.soql import literal, literals, select, selectable

from .conftest import USERS


def test_everybody_is_read_page_by_page(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("small_pages")
    first = client.first_page(USERS)
    assert len(first.rows) == 5
    assert first.total_size == len(org.users)
    rows = list(client.query(USERS))
    assert [row["Id"] for row in rows] == sorted(user["Id"] for user in org.users)
    assert all(set(row) == {"Id", "Name", "Email", "Profile"} for row in rows)
    assert all(set(row["Profile"]) == {"Name"} for row in rows if row["Profile"])


def test_the_org_tells_its_name_its_time_and_its_usage(
    client: SalesforceClient, org: DemoOrg
) -> None:
    assert client.organization()["Id"] == org.org_id
    assert client.server_time is not None
    assert client.usage is not None
    assert 0 < client.usage.used < client.usage.limit
    assert "User" in {item["name"] for item in client.describe_global()["sobjects"]}


def test_a_query_is_built_from_what_the_describe_shows(
    client: SalesforceClient, org: DemoOrg
) -> None:
    wanted = ["id", "EMAIL", "Profile.Name", "Shoe_Size__c"]
    selection = selectable(wanted, client.describe("User"))
    assert selection.missing == ["Shoe_Size__c"]
    people = org.users[:3]
    where = (
        f"Id IN {literals([person['Id'] for person in people])}"
        f" AND Name = {literal(people[0]['Name'])} AND SystemModstamp > 2000-01-01T00:00:00Z"
    )
    (row,) = client.query(select(selection.available, "User", where=where))
    assert row["Id"] == people[0]["Id"]
    assert row["Email"] == people[0]["Email"]


@pytest.mark.parametrize("name", ["O'Neill", "a\\", "' OR Name != '", "Ünï ☃ + & %", 'say "x"'])
def test_a_name_finds_its_owner_and_nobody_else_whatever_is_in_it(
    client: SalesforceClient, org: DemoOrg, name: str
) -> None:
    org.update("User", org.users[2]["Id"], LastName=name)
    rows = client.query(select(["Id"], "User", where=f"LastName = {literal(name)}"))
    assert [row["Id"] for row in rows] == [org.users[2]["Id"]]


def test_a_field_that_was_hidden_is_named(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("hidden_field", value="Opportunity.Amount")
    with pytest.raises(ConfigurationError) as caught:
        list(client.query("SELECT Id, Amount FROM Opportunity"))
    assert (caught.value.field, caught.value.object_name) == ("Amount", "Opportunity")
    assert selectable(["Amount"], client.describe("Opportunity")).missing == ["Amount"]


def test_an_object_that_may_not_be_read_is_named(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("no_read", value="Opportunity")
    with pytest.raises(ConfigurationError) as caught:
        list(client.query("SELECT Id FROM Opportunity"))
    assert caught.value.object_name == "Opportunity"
    with pytest.raises(ConfigurationError) as caught:
        client.describe("Opportunity")
    assert caught.value.object_name == "Opportunity"
