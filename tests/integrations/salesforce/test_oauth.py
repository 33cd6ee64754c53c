import base64
import hashlib
import hmac
from dataclasses import replace
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
from integrations.salesforce.tokens import AppKeys, Tokens

from .conftest import ACCESS_TOKEN, CONSUMER_SECRET, ORG, REFRESH_TOKEN, SHORT, USER
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

OTHER_USER = "005x00000012Q9QAAU"


def token_payload(server: ScriptedServer, **changes: Any) -> dict[str, Any]:
    """A token response as Salesforce sends it, rightly signed unless a change says otherwise."""
    payload = {
        "access_token": "00Dx0000000BV7z!CanaryAccess.2",
        "refresh_token": "5AepCanaryRefresh2",
        "scope": "refresh_token api id",
        "instance_url": server.url,
        "id": f"{server.url}/id/{ORG}/{USER}",
        "token_type": "Bearer",
        "issued_at": "1278448832702",
    } | changes
    signed = f"{payload['id']}{payload['issued_at']}".encode()
    digest = hmac.digest(CONSUMER_SECRET.encode(), signed, "sha256")
    signature = base64.b64encode(digest).decode()
    return {
        name: value
        for name, value in ({"signature": signature} | payload).items()
        if value is not None
    }


def identity_payload(**changes: Any) -> dict[str, Any]:
    return {
        "user_id": USER,
        "organization_id": ORG,
        "username": "sync@acme.example",
        "display_name": "Sync User",
        "email": "sync@acme.example",
        "email_verified": True,
        "user_type": "STANDARD",
        "active": True,
    } | changes


def test_the_browser_is_sent_out_with_state_and_challenge(app: OAuthApp) -> None:
    pkce, state = new_pkce(), new_state()
    url = urlsplit(app.authorize_url(state, pkce, "ann@acme.example", prompt="login"))
    assert url.path == "/services/oauth2/authorize"
    assert {name: value for name, (value,) in parse_qs(url.query).items()} == {
        "response_type": "code",
        "client_id": "the-key",
        "redirect_uri": "https://scoreline.example/callback/",
        "scope": "api refresh_token id",
        "state": state,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
        "login_hint": "ann@acme.example",
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


def test_a_log_in_without_a_refresh_token_names_the_scope(
    app: OAuthApp, server: ScriptedServer
) -> None:
    server.answers(json_answer(token_payload(server, refresh_token=None)))
    with pytest.raises(ConfigurationError, match="offline_access"):
        app.exchange("aPrx==", "the-verifier")


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


def test_salesforce_says_who_logged_in(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(identity_payload(user_id=USER[:15])))
    identity = app.identity(tokens)
    assert (identity.org_id, identity.user_id) == (ORG, USER)
    assert identity.username == "sync@acme.example"
    assert identity.active
    assert identity.email_verified
    assert server.requests[0].path == f"/id/{ORG}/{USER}"
    assert server.requests[0].headers["Authorization"] == f"Bearer {ACCESS_TOKEN}"


def test_an_identity_is_asked_for_again_after_a_fault(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(html_answer(503), html_answer(200), json_answer(identity_payload()))
    assert app.identity(tokens).user_id == USER
    assert len(server.requests) == 3


def test_an_identity_of_somebody_else_is_refused(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(identity_payload(user_id=OTHER_USER)))
    with pytest.raises(ReconnectRequired):
        app.identity(tokens)


def test_an_unverified_or_missing_field_is_never_taken_for_a_yes(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(identity_payload(email_verified="true", active=None, email=7)))
    identity = app.identity(tokens)
    assert not identity.email_verified
    assert not identity.active
    assert identity.email == ""


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Bad_OAuth_Token", ReconnectRequired),
        ("Missing_OAuth_Token", ReconnectRequired),
        ("Wrong_Org", ReconnectRequired),
        ("Inactive", ReconnectRequired),
        ("No_Access", ConfigurationError),
    ],
)
def test_a_refused_identity_is_plain_text(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens, word: str, kind: type[SalesforceError]
) -> None:
    server.answers(text_answer(word, 403))
    with pytest.raises(kind) as caught:
        app.identity(tokens)
    assert caught.value.code == word
    assert len(server.requests) == 1


def test_an_identity_is_not_asked_for_anywhere_else(app: OAuthApp, tokens: Tokens) -> None:
    with pytest.raises(ConfigurationError):
        app.identity(replace(tokens, identity_url=f"https://evil.com/id/{ORG}/{USER}"))


def test_a_data_error_at_the_token_endpoint_is_no_crash(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(error_answer(400, "UNKNOWN"))
    with pytest.raises(SalesforceError):
        app.refresh(tokens)
