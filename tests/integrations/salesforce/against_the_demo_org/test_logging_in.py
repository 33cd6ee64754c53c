"""Logging in to the demo org, through its own pages."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import Running
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, ReconnectRequired
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.oauth_errors import from_oauth_error
from integrations.salesforce.pkce import new_pkce, new_state
from integrations.salesforce.tokens import AppKeys, Tokens

from ..conftest import TokensInMemory
from .conftest import CALLBACK


def through_the_browser(app: OAuthApp, org: DemoOrg, decision: str) -> tuple[dict[str, str], str]:
    """Log in as the integration user; return the callback's parameters and the verifier."""
    pkce, state = new_pkce(), new_state()
    login = org.logins[0]
    with requests.Session() as browser:
        url = app.authorize_url(state, pkce, prompt="login consent")
        asked = browser.get(url)
        assert "Log in" in asked.text
        consent = browser.post(
            f"{org.url}/login",
            data={
                "username": login.username,
                "password": login.password,
                "going_to": url.removeprefix(org.url),
            },
        )
        assert consent.ok
        back = browser.post(consent.url, data={"decision": decision}, allow_redirects=False)
    location = urlsplit(back.headers["Location"])
    assert back.headers["Location"].startswith(CALLBACK)
    answer = {name: value for name, (value,) in parse_qs(location.query).items()}
    assert answer["state"] == state
    return answer, pkce.verifier


def log_in(app: OAuthApp, org: DemoOrg) -> Tokens:
    answer, verifier = through_the_browser(app, org, "allow")
    return app.exchange(answer["code"], verifier)


def test_a_log_in_says_who_it_was(app: OAuthApp, org: DemoOrg) -> None:
    tokens = log_in(app, org)
    identity = app.identity(tokens)
    assert (identity.org_id, identity.user_id) == (org.org_id, org.integration_user_id)
    assert identity.username == org.logins[0].username
    assert tokens.instance_url == org.url


def test_a_code_is_good_once_and_with_its_verifier_only(app: OAuthApp, org: DemoOrg) -> None:
    answer, verifier = through_the_browser(app, org, "allow")
    with pytest.raises(ReconnectRequired):
        app.exchange(answer["code"], new_pkce().verifier)
    answer, verifier = through_the_browser(app, org, "allow")
    app.exchange(answer["code"], verifier)
    with pytest.raises(ReconnectRequired):
        app.exchange(answer["code"], verifier)


def test_saying_no_is_understood(app: OAuthApp, org: DemoOrg) -> None:
    answer, _ = through_the_browser(app, org, "deny")
    error = from_oauth_error(answer["error"], answer["error_description"])
    assert isinstance(error, ReconnectRequired)
    assert "press Allow" in error.message


def test_a_wrong_secret_is_said_to_be_wrong(running: Running, org: DemoOrg) -> None:
    keys = AppKeys(org.app.consumer_key, "not the secret")
    app = OAuthApp(running.url, keys, CALLBACK, allow_loopback=True)
    answer, verifier = through_the_browser(app, org, "allow")
    with pytest.raises(ConfigurationError, match="key and secret"):
        app.exchange(answer["code"], verifier)


def test_a_revoked_token_ends_the_access(
    app: OAuthApp, client: SalesforceClient, store: TokensInMemory
) -> None:
    client.describe_global()
    assert app.revoke(store.tokens.refresh_token) is True
    assert app.revoke(store.tokens.refresh_token) is False
    with pytest.raises(ReconnectRequired):
        app.identity(store.tokens)
    with pytest.raises(ReconnectRequired):
        client.describe_global()


def test_a_rotated_token_works_for_the_next_refresh_and_the_old_one_does_not(
    app: OAuthApp, org: DemoOrg, store: TokensInMemory
) -> None:
    org.faults.break_it("rotation")
    second = app.refresh(store.tokens)
    third = app.refresh(second)
    assert app.identity(third).user_id == org.integration_user_id
    with pytest.raises(ReconnectRequired):
        app.refresh(second)


def test_an_app_comes_in_as_its_own_user_by_client_credentials(app: OAuthApp, org: DemoOrg) -> None:
    tokens = app.client_credentials()
    assert app.identity(tokens).user_id == org.integration_user_id
    assert app.refresh(tokens).access_token != tokens.access_token
    assert app.revoke(tokens.revocable)
    org.app.client_credentials = False
    with pytest.raises(ReconnectRequired, match="Run As"):
        app.client_credentials()
