"""Logging in: where the browser is sent, and the code that it brings back."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.pkce import new_pkce, new_state
from integrations.salesforce.tokens import AppKeys

from .conftest import CONSUMER_SECRET, ORG, USER
from .payloads import token_payload
from .scripted_server import ScriptedServer, html_answer, json_answer


def test_the_browser_is_sent_out_with_state_and_challenge(app: OAuthApp) -> None:
    pkce, state = new_pkce(), new_state()
    url = urlsplit(app.authorize_url(state, pkce, prompt="login"))
    assert url.path == "/services/oauth2/authorize"
    assert {name: value for name, (value,) in parse_qs(url.query).items()} == {
        "response_type": "code",
        "client_id": "the-key",
        "redirect_uri": "https://scoreline.example/callback/",
        "scope": "api refresh_token id",
        "state": state,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
        "prompt": "login",
    }


def test_a_challenge_is_the_hash_of_its_verifier_and_nothing_comes_twice() -> None:
    pkce = new_pkce()
    digest = hashlib.sha256(pkce.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(pkce.challenge + "=") == digest
    assert 43 <= len(pkce.verifier) <= 128
    assert pkce.verifier not in repr(pkce)
    assert len({new_state() for _ in range(100)}) == 100
    assert len(base64.urlsafe_b64decode(new_state() + "=")) == 32


def test_a_code_becomes_tokens(app: OAuthApp, server: ScriptedServer) -> None:
    server.answers(json_answer(token_payload(server)))
    tokens = app.exchange("aPrx==", "the-verifier")
    assert tokens.access_token.endswith("Access.2")
    assert tokens.refresh_token.endswith("Refresh2")
    assert tokens.instance_url == server.url
    assert tokens.issued_at.isoformat() == "2010-07-06T20:40:32.702000+00:00"
    (request,) = server.requests
    assert request.path == "/services/oauth2/token"
    assert request.form == {
        "grant_type": "authorization_code",
        "code": "aPrx==",
        "redirect_uri": "https://scoreline.example/callback/",
        "code_verifier": "the-verifier",
        "client_id": "the-key",
        "client_secret": CONSUMER_SECRET,
    }


@pytest.mark.parametrize(
    ("error", "description", "kind", "words"),
    [
        ("invalid_grant", "expired authorization code", ReconnectRequired, "log in again"),
        ("invalid_grant", "invalid code verifier", ReconnectRequired, "log in again"),
        ("invalid_request", "invalid code verifier", ReconnectRequired, "log in again"),
        ("invalid_grant", "authentication failure", ReconnectRequired, "login|log-in history"),
        ("invalid_grant", "inactive user", ReconnectRequired, "deactivated"),
        ("inactive_user", "user is inactive", ReconnectRequired, "deactivated"),
        ("inactive_org", "", ReconnectRequired, "org"),
        ("invalid_grant", "ip restricted", ReconnectRequired, "network address"),
        ("invalid_grant", "no client credentials user enabled", ReconnectRequired, "Run As"),
        ("invalid_grant", "request not supported on this domain", ReconnectRequired, "My Domain"),
        ("invalid_grant", "user hasn't approved this consumer", ReconnectRequired, "policies"),
        ("invalid_client_id", "client identifier invalid", ConfigurationError, "consumer key"),
        ("invalid_client", "invalid client credentials", ConfigurationError, "secret"),
        ("unsupported_grant_type", "grant type not supported", ConfigurationError, "My Domain"),
        ("redirect_uri_mismatch", "", ConfigurationError, "callback"),
        ("invalid_scope", "", ConfigurationError, "scope"),
        ("invalid_app_access", "user is not admin approved", ConfigurationError, "permission set"),
        ("rate_limit_exceeded", "login rate exceeded", LimitReached, "hour"),
        ("unknown_error", "retry your request", TransientError, "minute"),
        ("access-denied", "end-user denied authorization", ReconnectRequired, "Allow"),
    ],
)
def test_each_refusal_says_what_to_do(
    app: OAuthApp,
    server: ScriptedServer,
    error: str,
    description: str,
    kind: type[SalesforceError],
    words: str,
) -> None:
    server.answers(json_answer({"error": error, "error_description": description}, 400))
    with pytest.raises(kind, match=f"(?i){words}") as caught:
        app.exchange("aPrx==", "the-verifier")
    assert caught.value.code == error
    assert len(server.requests) == 1


def test_a_log_in_without_a_refresh_token_names_the_scope(
    app: OAuthApp, server: ScriptedServer
) -> None:
    server.answers(json_answer(token_payload(server, refresh_token=None)))
    with pytest.raises(ConfigurationError, match="offline_access"):
        app.exchange("aPrx==", "the-verifier")


@pytest.mark.parametrize(
    "changes",
    [
        {"instance_url": "https://evil.com"},
        {"instance_url": None},
        {"id": f"https://evil.com/id/{ORG}/{USER}"},
        {"id": "https://login.salesforce.com/id/"},
        {"id": f"https://login.salesforce.com/id/{ORG}/{USER.lower()}"},
    ],
)
def test_tokens_for_an_address_that_is_not_salesforces_are_refused(
    app: OAuthApp, server: ScriptedServer, changes: dict[str, Any]
) -> None:
    server.answers(json_answer(token_payload(server, **changes)))
    with pytest.raises(ConfigurationError):
        app.exchange("aPrx==", "the-verifier")


def test_a_log_in_address_that_is_not_salesforces_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        OAuthApp("https://evil.com", AppKeys("k", "s"), "https://x.example/", False)


def test_a_log_in_address_that_redirects_is_said_to(app: OAuthApp, server: ScriptedServer) -> None:
    server.answers(html_answer(302, Location="https://evil.com/"))
    with pytest.raises(ConfigurationError, match="My Domain"):
        app.exchange("aPrx==", "the-verifier")
