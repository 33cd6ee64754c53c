"""What a code buys, and what becomes of it: access and refresh tokens, and whose they are."""

import base64
import hashlib
import hmac
import re
from datetime import datetime
from urllib.parse import urlsplit

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.org import PASSWORD

from .browser import INTEGRATION, VERIFIER, Browser
from .client import CALLBACK, PATIENCE, Client


def exchange(client: Client, code: str, verifier: str = VERIFIER, **more: str) -> requests.Response:
    form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": verifier} | more
    return client.token(grant_type="authorization_code", **form)


def test_a_code_buys_tokens_whose_signature_is_right(client: Client, browser: Browser) -> None:
    tokens = exchange(client, browser.code()).json()
    secret = client.org.app.consumer_secret.encode()
    message = (tokens["id"] + tokens["issued_at"]).encode()
    digest = hmac.new(secret, message, hashlib.sha256).digest()
    assert tokens["signature"] == base64.b64encode(digest).decode()
    assert re.fullmatch(r"(00D\w{12})![.\w]+", tokens["access_token"])
    assert tokens["id"].endswith(f"/id/{client.org.org_id}/{client.org.integration_user_id}")
    assert tokens["instance_url"] == client.url
    assert all(isinstance(value, str) for value in tokens.values())
    client.tokens = tokens
    assert client.query("SELECT COUNT() FROM User").status_code == 200


def test_a_code_is_good_once(client: Client, browser: Browser) -> None:
    code = browser.code()
    assert exchange(client, code).status_code == 200
    again = exchange(client, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "another"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "2"}, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_a_bad_exchange_is_refused(
    client: Client, browser: Browser, change: dict[str, str], error: str
) -> None:
    form = {"code": browser.code(), "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    answer = client.token(**({"grant_type": "authorization_code"} | form | change))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_apps_keys_may_come_in_the_header(client: Client) -> None:
    app = client.org.app
    form = {"grant_type": "refresh_token", "refresh_token": client.tokens["refresh_token"]}
    url = f"{client.url}/services/oauth2/token"
    keys = (app.consumer_key, app.consumer_secret)
    answer = requests.post(url, data=form, auth=keys, timeout=PATIENCE)
    assert answer.status_code == 200


def test_a_refresh_without_rotation_gives_no_new_refresh_token(client: Client) -> None:
    answer = client.refresh().json()
    assert "refresh_token" not in answer
    assert answer["access_token"] != client.tokens["access_token"]
    assert client.refresh().status_code == 200


def test_with_rotation_the_token_before_is_dead_at_once(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("rotation")
    renewed = client.refresh().json()["refresh_token"]
    replay = client.refresh()
    assert replay.status_code == 400
    assert replay.json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }
    client.tokens["refresh_token"] = renewed
    assert client.refresh().status_code == 200


def test_revoking_the_refresh_token_ends_everything(client: Client) -> None:
    url = f"{client.url}/services/oauth2/revoke"
    token = {"token": client.tokens["refresh_token"]}
    assert requests.post(url, data=token, timeout=PATIENCE).status_code == 200
    assert client.query("SELECT Id FROM User").status_code == 401
    assert client.refresh().json()["error"] == "invalid_grant"
    assert requests.post(url, data=token, timeout=PATIENCE).status_code == 400


def test_revoking_an_access_token_leaves_the_refresh_token(client: Client) -> None:
    url = f"{client.url}/services/oauth2/revoke"
    token = {"token": client.tokens["access_token"]}
    assert requests.post(url, data=token, timeout=PATIENCE).status_code == 200
    assert client.query("SELECT Id FROM User").status_code == 401
    assert client.refresh().status_code == 200


def test_identity_and_userinfo_name_the_same_user(client: Client, org: DemoOrg) -> None:
    identity = client.get(urlsplit(client.tokens["id"]).path).json()
    userinfo = client.get("/services/oauth2/userinfo").json()
    assert identity["username"] == userinfo["preferred_username"] == INTEGRATION
    assert identity["user_id"] == userinfo["user_id"] == org.integration_user_id
    assert identity["organization_id"] == userinfo["organization_id"] == org.org_id
    assert identity["user_type"] == "STANDARD"


def test_a_bad_token_at_the_identity_is_plain_text_403(client: Client) -> None:
    path = urlsplit(client.tokens["id"]).path
    for address in (path, "/services/oauth2/userinfo"):
        missing = requests.get(client.url + address, timeout=PATIENCE)
        assert (missing.status_code, missing.text) == (403, "Missing_OAuth_Token")
        headers = {"Authorization": "Bearer nothing"}
        bad = requests.get(client.url + address, headers=headers, timeout=PATIENCE)
        assert (bad.status_code, bad.text) == (403, "Bad_OAuth_Token")


def test_an_org_made_again_has_other_tokens_and_the_same_ids(org: DemoOrg) -> None:
    again = DemoOrg.believable(people=12)
    assert again.org_id == org.org_id
    username = org.logins[0].username
    assert again.grant(username)["access_token"] != org.grant(username)["access_token"]


def test_another_process_can_connect_the_app_with_its_keys_only(client: Client) -> None:
    app = client.org.app
    form = {"client_id": app.consumer_key, "client_secret": "no", "username": INTEGRATION}
    url = f"{client.url}/demo-org/grant"
    assert requests.post(url, data=form, timeout=PATIENCE).status_code == 401
    form["client_secret"] = app.consumer_secret
    client.tokens = requests.post(url, data=form, timeout=PATIENCE).json()
    assert client.query("SELECT COUNT() FROM User").status_code == 200
    form["username"] = "nobody@nowhere.example"
    assert requests.post(url, data=form, timeout=PATIENCE).status_code == 404
    setup = requests.post(f"{client.url}/demo-org/setup", data=form, timeout=PATIENCE).json()
    assert setup["org_id"] == client.org.org_id
    assert setup["cast"]["leaver"]["why"]
    assert {"username": INTEGRATION, "password": PASSWORD} in setup["logins"]


def test_a_token_that_ends_while_it_is_lengthened_stays_ended(org: DemoOrg) -> None:
    token = org.grant(INTEGRATION)["access_token"]
    now = org.store.clock()

    def clock() -> datetime:
        org.authority.expire(token)
        return now

    org.store.clock = clock
    org.authority.keep_alive(token)
    assert org.authority.user_of(token) is None
