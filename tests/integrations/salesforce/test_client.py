"""What one asks an org for besides rows; and what each answer says besides its data."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, LimitReached, TransientError
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import ApiUsage
from integrations.salesforce.tokens import Tokens

from .conftest import TokensInMemory
from .payloads import user
from .scripted_server import ScriptedServer, error_answer, json_answer, page


def test_an_instance_elsewhere_is_never_asked(
    app: OAuthApp, store: TokensInMemory, tokens: Tokens, server: ScriptedServer
) -> None:
    store.tokens = replace(tokens, instance_url="https://evil.example")
    with (
        SalesforceClient(Access(app, store, "66.0", allow_loopback=True)) as client,
        pytest.raises(ConfigurationError),
    ):
        client.describe_global()
    store.tokens = tokens
    with (
        SalesforceClient(Access(app, store, "66.0", allow_loopback=False)) as client,
        pytest.raises(ConfigurationError),
    ):
        client.describe_global()
    assert server.requests == []


def test_salesforces_own_time_and_the_api_usage_are_kept(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    def answer(handler: Any) -> None:
        handler.date_time_string = lambda: "Fri, 02 Jan 2026 03:04:05 GMT"
        json_answer({"a": 1}, Sforce_Limit_Info="api-usage=18/15000")(handler)

    server.answers(answer)
    assert client.server_time is None
    assert client.usage is None
    client.describe_global()
    assert client.server_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert client.usage == ApiUsage(18, 15000)


def test_background_work_stops_before_the_allowance_is_used_up(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(
        json_answer({"a": 1}, Sforce_Limit_Info="api-usage=8999/10000"),
        json_answer({"a": 1}, Sforce_Limit_Info="api-usage=9000/10000"),
    )
    client.describe_global()
    client.describe_global()
    with pytest.raises(LimitReached, match="9,000 of its 10,000"):
        client.describe_global()
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("read", "path"),
    [
        (lambda client: client.describe("User"), "sobjects/User/describe"),
        (lambda client: client.describe_global(), "sobjects"),
    ],
)
def test_each_resource_has_its_address(
    client: SalesforceClient,
    server: ScriptedServer,
    read: Callable[[SalesforceClient], object],
    path: str,
) -> None:
    server.answers(json_answer({"name": "User"}))
    assert read(client) == {"name": "User"}
    assert server.paths == [f"/services/data/v66.0/{path}"]


def test_an_object_that_is_not_there_is_named(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(error_answer(404, "NOT_FOUND", "The requested resource does not exist"))
    with pytest.raises(ConfigurationError, match="Deal__c") as caught:
        client.describe("Deal__c")
    assert caught.value.object_name == "Deal__c"


def test_an_object_name_cannot_change_the_address(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError):
        client.describe("../../oauth2/revoke")
    assert server.requests == []


def test_the_org_has_one_row(client: SalesforceClient, server: ScriptedServer) -> None:
    server.answers(page([user(1)]), page([]))
    assert client.organization()["Name"] == "User 1"
    with pytest.raises(TransientError):
        client.organization()


@pytest.mark.parametrize("version", ["v66.0", "66", "66.0/../..", ""])
def test_an_api_version_of_the_wrong_form_is_refused(
    app: OAuthApp, store: TokensInMemory, version: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"66\.0"):
        Access(app, store, version, allow_loopback=True)
