"""Tokens once somebody has logged in: renewed, rotated, revoked; and access without a log-in."""

from dataclasses import replace

import pytest

from integrations.salesforce.errors import (
    ConfigurationError,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.tokens import AppKeys, Tokens

from .conftest import ACCESS_TOKEN, CONSUMER_SECRET, ORG, REFRESH_TOKEN, SHORT
from .payloads import OTHER_USER, token_payload
from .scripted_server import (
    Answer,
    ScriptedServer,
    error_answer,
    hang,
    html_answer,
    json_answer,
    reset,
    running_server,
    text_answer,
)


@pytest.mark.parametrize(
    "answer",
    [
        html_answer(200),
        html_answer(503),
        text_answer(""),
        json_answer([]),
        json_answer({}),
        json_answer({"access_token": 7}),
        json_answer({"access_token": "with a\nline break"}),
        json_answer({}, 429),
        reset,
    ],
)
def test_a_log_in_that_is_not_available_is_transient_and_not_sent_twice(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens, answer: Answer
) -> None:
    server.answers(answer)
    with pytest.raises(TransientError):
        app.refresh(tokens)
    assert len(server.requests) == 1


def test_a_log_in_that_hangs_ends(server: ScriptedServer, tokens: Tokens) -> None:
    server.answers(hang)
    app = OAuthApp(server.url, AppKeys("k", "s"), "https://x.example/", True, limits=SHORT)
    with pytest.raises(TransientError):
        app.refresh(tokens)


def test_a_refresh_keeps_the_old_refresh_token_when_none_comes_back(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(token_payload(server, refresh_token=None)))
    renewed = app.refresh(tokens)
    assert renewed.refresh_token == REFRESH_TOKEN
    assert renewed.access_token != ACCESS_TOKEN
    assert server.requests[0].form["grant_type"] == "refresh_token"
    assert server.requests[0].form["refresh_token"] == REFRESH_TOKEN


def test_client_credentials_give_access_without_a_log_in(
    app: OAuthApp, server: ScriptedServer
) -> None:
    server.answers(json_answer(token_payload(server, refresh_token=None)))
    tokens = app.client_credentials()
    assert (tokens.refresh_token, tokens.revocable) == ("", tokens.access_token)
    (request,) = server.requests
    assert request.form == {
        "grant_type": "client_credentials",
        "client_id": "the-key",
        "client_secret": CONSUMER_SECRET,
    }


def test_access_without_a_refresh_token_is_renewed_by_client_credentials(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(token_payload(server, refresh_token=None)))
    renewed = app.refresh(replace(tokens, refresh_token=""))
    assert renewed.access_token.endswith("Access.2")
    assert server.requests[0].form["grant_type"] == "client_credentials"


@pytest.mark.parametrize("host", ["login.salesforce.com", "Test.Salesforce.com"])
def test_client_credentials_are_never_sent_to_a_shared_log_in(host: str) -> None:
    shared = OAuthApp(f"https://{host}", AppKeys("k", "s"), "https://x/", allow_loopback=False)
    with pytest.raises(ConfigurationError, match="My Domain only"):
        shared.client_credentials()


def test_a_refresh_takes_the_rotated_token_and_the_new_instance(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    with running_server() as moved:
        server.answers(json_answer(token_payload(server, instance_url=moved.url + "/")))
        renewed = app.refresh(tokens)
        assert renewed.refresh_token == "5AepCanaryRefresh2"
        assert renewed.instance_url == moved.url


def test_a_refresh_without_an_identity_keeps_the_known_one(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(token_payload(server, id=None, issued_at=None, signature=None)))
    assert app.refresh(tokens).identity_url == tokens.identity_url


def test_a_refresh_for_somebody_else_is_refused(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(token_payload(server, id=f"{server.url}/id/{ORG}/{OTHER_USER}")))
    with pytest.raises(ReconnectRequired, match="another user"):
        app.refresh(tokens)


@pytest.mark.parametrize("signature", ["AAAA", "not base64 ☃", "\ud800"])
def test_a_wrong_signature_is_refused(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens, signature: str
) -> None:
    server.answers(json_answer(token_payload(server, signature=signature)))
    with pytest.raises(ConfigurationError, match="signature"):
        app.refresh(tokens)


def test_revoking_says_whether_there_was_something_to_revoke(
    app: OAuthApp, server: ScriptedServer
) -> None:
    server.answers(text_answer(""), json_answer({"error": "unsupported_token_type"}, 400))
    assert app.revoke(REFRESH_TOKEN) is True
    assert app.revoke(REFRESH_TOKEN) is False
    assert server.requests[0].path == "/services/oauth2/revoke"
    assert server.requests[0].form == {"token": REFRESH_TOKEN}


@pytest.mark.parametrize("status", [200, 503])
def test_revoking_does_not_claim_what_did_not_happen(
    app: OAuthApp, server: ScriptedServer, status: int
) -> None:
    server.answers(html_answer(status))
    with pytest.raises(TransientError):
        app.revoke(REFRESH_TOKEN)


def test_a_data_error_at_the_token_endpoint_is_no_crash(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(error_answer(400, "UNKNOWN"))
    with pytest.raises(SalesforceError):
        app.refresh(tokens)
