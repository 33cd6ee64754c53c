from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    ReconnectRequired,
    TransientError,
)
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import ApiUsage
from integrations.salesforce.tokens import Tokens

from .conftest import ACCESS_TOKEN, TokensInMemory
from .scripted_server import (
    ScriptedServer,
    error_answer,
    json_answer,
    page,
    running_server,
    text_answer,
)
from .test_oauth import token_payload

SOQL = "SELECT Id, Name FROM User"
EXPIRED = error_answer(401, "INVALID_SESSION_ID", "Session expired or invalid")


def user(number: int) -> dict[str, Any]:
    attributes = {"type": "User", "url": f"/services/data/v66.0/sobjects/User/{number}"}
    return {"attributes": attributes, "Id": f"id {number}", "Name": f"User {number}"}


def next_url(offset: int) -> str:
    return f"/services/data/v66.0/query/01gRO0000016PIAYA2-{offset}"


def bearers(server: ScriptedServer) -> list[str]:
    return [
        request.headers["Authorization"].removeprefix("Bearer ")
        for request in server.requests
        if "Authorization" in request.headers
    ]


def test_all_pages_are_read_in_order(client: SalesforceClient, server: ScriptedServer) -> None:
    server.answers(
        page([user(1), user(2)], 5, next_url(2)),
        page([user(3), user(4)], 5, next_url(4)),
        page([user(5)], 5),
    )
    assert [row["Id"] for row in client.query(SOQL)] == [f"id {n}" for n in range(1, 6)]
    assert server.paths == [
        "/services/data/v66.0/query/?q=SELECT+Id%2C+Name+FROM+User",
        next_url(2),
        next_url(4),
    ]
    assert bearers(server) == [ACCESS_TOKEN] * 3


def test_a_page_is_fetched_only_when_it_is_needed(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([user(1)], 2, next_url(1)), page([user(2)], 2))
    rows = client.query(SOQL)
    assert server.requests == []
    next(rows)
    assert len(server.requests) == 1


def test_rows_are_plain_also_inside(client: SalesforceClient, server: ScriptedServer) -> None:
    children = {"totalSize": 1, "done": True, "records": [user(9)]}
    record = user(1) | {"Profile": user(2), "Account": None, "Tasks": children, "Amount": 1.5}
    server.answers(page([record]))
    assert list(client.query(SOQL)) == [
        {
            "Id": "id 1",
            "Name": "User 1",
            "Profile": {"Id": "id 2", "Name": "User 2"},
            "Account": None,
            "Tasks": {
                "totalSize": 1,
                "done": True,
                "records": [{"Id": "id 9", "Name": "User 9"}],
            },
            "Amount": "1.5",
        }
    ]


def test_deleted_records_are_read_by_query_all(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([user(1)]))
    assert len(list(client.query_all(SOQL))) == 1
    assert server.paths[0].startswith("/services/data/v66.0/queryAll/?q=SELECT")


def test_an_org_without_such_rows_is_an_empty_list(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([]))
    assert list(client.query(SOQL)) == []


def test_a_count_is_the_total_of_the_first_page(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([], 17))
    assert client.first_page("SELECT COUNT() FROM User").total_size == 17


def test_a_plus_in_a_query_arrives_as_a_plus(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([]))
    list(client.query("SELECT Id FROM User WHERE Name = 'a+b & c'"))
    assert server.paths[0].endswith("Name+%3D+%27a%2Bb+%26+c%27")


@pytest.mark.parametrize(
    "pages",
    [
        [page([user(1)], 2)],
        [page([user(1), user(2)], 1)],
        [page([], 3)],
        [page([user(1)], 3, next_url(1)), page([user(2)], 3)],
        [page([user(1)], 9, next_url(1)), page([user(2)], 9, next_url(1))],
    ],
    ids=["one missing", "one too many", "all missing", "missing at the end", "for ever the same"],
)
def test_a_list_that_is_not_whole_never_passes_for_one_that_is(
    client: SalesforceClient, server: ScriptedServer, pages: list[Any]
) -> None:
    server.answers(*pages)
    with pytest.raises(TransientError, match="whole list"):
        list(client.query(SOQL))


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        7,
        {"records": []},
        {"records": [], "done": True},
        {"totalSize": 0, "done": True},
        {"totalSize": 0, "done": "true", "records": []},
        {"totalSize": 5, "done": False, "records": []},
        {"totalSize": 1, "done": True, "records": [7]},
        {"totalSize": 1, "done": True, "records": {"Id": "1"}},
    ],
)
def test_a_page_without_its_marks_is_an_error_not_an_empty_list(
    client: SalesforceClient, server: ScriptedServer, payload: object
) -> None:
    server.answers(json_answer(payload))
    with pytest.raises(TransientError):
        list(client.query(SOQL))


def test_a_next_page_elsewhere_is_not_fetched(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    with running_server() as elsewhere:
        evil = elsewhere.url.removeprefix("http://")
        server.answers(page([user(1)], 2, f"@{evil}/services/data/v66.0/query/01g"))
        with pytest.raises(PermanentError):
            list(client.query(SOQL))
        assert elsewhere.requests == []


def test_an_instance_elsewhere_is_never_asked(
    app: OAuthApp, store: TokensInMemory, tokens: Tokens, server: ScriptedServer
) -> None:
    store.tokens = replace(tokens, instance_url="https://evil.example")
    with (
        SalesforceClient(Access(app, store, "66.0", allow_loopback=True)) as client,
        pytest.raises(ConfigurationError),
    ):
        client.limits()
    store.tokens = tokens
    with (
        SalesforceClient(Access(app, store, "66.0", allow_loopback=False)) as client,
        pytest.raises(ConfigurationError),
    ):
        client.limits()
    assert server.requests == []


# The session -----------------------------------------------------------------------------------


def test_an_expired_session_is_renewed_once_and_the_page_read_again(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory
) -> None:
    server.answers(
        page([user(1)], 2, next_url(1)),
        EXPIRED,
        json_answer(token_payload(server)),
        page([user(2)], 2),
    )
    assert len(list(client.query(SOQL))) == 2
    assert server.paths[1:] == [next_url(1), "/services/oauth2/token", next_url(1)]
    assert bearers(server) == [ACCESS_TOKEN, ACCESS_TOKEN, store.tokens.access_token]
    assert store.tokens.refresh_token == "5AepCanaryRefresh2"


@pytest.mark.parametrize(
    "expired", [EXPIRED, text_answer("", 401), text_answer("<html>", 401, "text/html")]
)
def test_a_second_refusal_needs_a_person(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory, expired: Any
) -> None:
    server.answers(expired, json_answer(token_payload(server)), expired)
    with pytest.raises(ReconnectRequired):
        client.limits()
    assert store.refreshes == 1
    assert len(server.requests) == 3


def test_tokens_that_somebody_else_renewed_are_used_without_a_refresh(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory, tokens: Tokens
) -> None:
    store.others_renew_to = replace(tokens, access_token="theirs")
    server.answers(EXPIRED, json_answer({"a": 1}))
    assert client.limits() == {"a": 1}
    assert store.refreshes == 0
    assert bearers(server) == [ACCESS_TOKEN, "theirs"]


def test_somebody_elses_tokens_that_expired_too_are_renewed(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory, tokens: Tokens
) -> None:
    store.others_renew_to = replace(tokens, access_token="theirs")
    server.answers(EXPIRED, EXPIRED, json_answer(token_payload(server)), json_answer({"a": 1}))
    assert client.limits() == {"a": 1}
    assert store.refreshes == 1
    assert bearers(server) == [ACCESS_TOKEN, "theirs", store.tokens.access_token]


def test_a_withdrawn_grant_ends_at_once(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory
) -> None:
    gone = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    server.answers(EXPIRED, json_answer(gone, 400))
    with pytest.raises(ReconnectRequired, match="withdrawn"):
        client.limits()
    assert len(server.requests) == 2
    assert store.refreshes == 1


def test_an_org_that_moved_is_asked_at_its_new_address(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    with running_server() as moved:
        server.answers(EXPIRED, json_answer(token_payload(server, instance_url=moved.url)))
        moved.answers(json_answer({"a": 1}))
        assert client.limits() == {"a": 1}
        assert moved.paths == ["/services/data/v66.0/limits"]


# What else each answer says --------------------------------------------------------------------


def test_salesforces_own_time_and_the_api_usage_are_kept(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    def answer(handler: Any) -> None:
        handler.date_time_string = lambda: "Fri, 02 Jan 2026 03:04:05 GMT"
        json_answer({"a": 1}, Sforce_Limit_Info="api-usage=18/15000")(handler)

    server.answers(answer)
    assert client.server_time is None
    assert client.usage is None
    client.limits()
    assert client.server_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert client.usage == ApiUsage(18, 15000)


def test_background_work_stops_before_the_allowance_is_used_up(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(
        json_answer({"a": 1}, Sforce_Limit_Info="api-usage=8999/10000"),
        json_answer({"a": 1}, Sforce_Limit_Info="api-usage=9000/10000"),
    )
    client.limits()
    client.limits()
    with pytest.raises(LimitReached, match="9,000 of its 10,000"):
        client.limits()
    assert len(server.requests) == 2


# The other resources ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "path"),
    [
        (lambda client: client.describe("User"), "sobjects/User/describe"),
        (lambda client: client.describe_global(), "sobjects"),
        (lambda client: client.limits(), "limits"),
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
