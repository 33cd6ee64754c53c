"""A session that ends while one reads: renewed once, by one process, at the right address."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ReconnectRequired
from integrations.salesforce.tokens import Tokens

from .conftest import ACCESS_TOKEN, TokensInMemory
from .payloads import SOQL, next_url, token_payload, user
from .scripted_server import (
    ScriptedServer,
    error_answer,
    json_answer,
    page,
    running_server,
    text_answer,
)

EXPIRED = error_answer(401, "INVALID_SESSION_ID", "Session expired or invalid")


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
    assert server.bearers == [ACCESS_TOKEN, ACCESS_TOKEN, store.tokens.access_token]
    assert store.tokens.refresh_token == "5AepCanaryRefresh2"


@pytest.mark.parametrize(
    "expired", [EXPIRED, text_answer("", 401), text_answer("<html>", 401, "text/html")]
)
def test_a_second_refusal_needs_a_person(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory, expired: Any
) -> None:
    server.answers(expired, json_answer(token_payload(server)), expired)
    with pytest.raises(ReconnectRequired):
        client.describe_global()
    assert store.refreshes == 1
    assert len(server.requests) == 3


def test_tokens_that_somebody_else_renewed_are_used_without_a_refresh(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory, tokens: Tokens
) -> None:
    store.others_renew_to = replace(tokens, access_token="theirs")
    server.answers(EXPIRED, json_answer({"a": 1}))
    assert client.describe_global() == {"a": 1}
    assert store.refreshes == 0
    assert server.bearers == [ACCESS_TOKEN, "theirs"]


def test_somebody_elses_tokens_that_expired_too_are_renewed(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory, tokens: Tokens
) -> None:
    store.others_renew_to = replace(tokens, access_token="theirs")
    server.answers(EXPIRED, EXPIRED, json_answer(token_payload(server)), json_answer({"a": 1}))
    assert client.describe_global() == {"a": 1}
    assert store.refreshes == 1
    assert server.bearers == [ACCESS_TOKEN, "theirs", store.tokens.access_token]


def test_a_withdrawn_grant_ends_at_once(
    client: SalesforceClient, server: ScriptedServer, store: TokensInMemory
) -> None:
    gone = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    server.answers(EXPIRED, json_answer(gone, 400))
    with pytest.raises(ReconnectRequired, match="withdrawn"):
        client.describe_global()
    assert len(server.requests) == 2
    assert store.refreshes == 1


def test_an_org_that_moved_is_asked_at_its_new_address(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    with running_server() as moved:
        server.answers(EXPIRED, json_answer(token_payload(server, instance_url=moved.url)))
        moved.answers(json_answer({"a": 1}))
        assert client.describe_global() == {"a": 1}
        assert moved.paths == ["/services/data/v66.0/sobjects"]
