"""A client that the org was not made for: simple-salesforce, on the wire."""

from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
)

from integrations.demo_org import DemoOrg

from .client import Client


class PlainHttp(HTTPAdapter):
    """simple-salesforce says https whatever it was told."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def salesforce(client: Client) -> Salesforce:
    session = requests.Session()
    session.mount("https://127.0.0.1", PlainHttp())
    return Salesforce(
        instance_url=client.url,
        session_id=client.tokens["access_token"],
        version="66.0",
        session=session,
    )


def test_it_queries_all_pages(salesforce: Salesforce, org: DemoOrg) -> None:
    org.faults.break_it("small_pages", value="9")
    soql = "SELECT Id, Name, Profile.UserLicense.Name FROM User ORDER BY Username"
    found = salesforce.query_all(soql)
    assert found["totalSize"] == len(found["records"]) == len(org.users)
    assert [row["Id"] for row in salesforce.query_all_iter(soql)] == [
        row["Id"] for row in found["records"]
    ]


def test_it_describes_and_reads(salesforce: Salesforce, org: DemoOrg) -> None:
    user: Any = salesforce.User
    assert user.describe()["name"] == "User"
    assert user.get(org.integration_user_id)["Username"] == "integration@maventech.example"
    listed = salesforce.describe()
    assert listed is not None
    assert {entry["name"] for entry in listed["sobjects"]} >= {"User", "Task"}


def test_it_reads_limits_and_use(salesforce: Salesforce) -> None:
    assert salesforce.limits()["DailyApiRequests"]["Max"] == 100000
    assert salesforce.api_usage["api-usage"].total == 100000


def test_it_includes_deleted_records_when_asked(salesforce: Salesforce, org: DemoOrg) -> None:
    deal = org.store.rows("Opportunity")[0]
    org.update("Opportunity", deal["Id"], IsDeleted=True)
    soql = f"SELECT Id FROM Opportunity WHERE Id = '{deal['Id']}'"
    assert salesforce.query(soql)["totalSize"] == 0
    assert salesforce.query(soql, include_deleted=True)["totalSize"] == 1


def test_it_understands_the_errors(salesforce: Salesforce, org: DemoOrg) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        salesforce.query("SELECT Nope FROM User")
    org.faults.break_it("request_limit", times=1)
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        salesforce.query("SELECT Id FROM User")
    org.faults.break_it("token_expired", times=1)
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        salesforce.query("SELECT Id FROM User")
