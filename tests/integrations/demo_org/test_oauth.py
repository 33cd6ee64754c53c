"""The way through the browser: log in, allow, and be sent back with a code."""

import pytest
import requests

from integrations.demo_org.org import PASSWORD

from .browser import INTEGRATION, Browser, sent_back
from .client import CALLBACK, PATIENCE, Client


def test_a_browser_logs_in_allows_and_is_sent_back_with_a_code(browser: Browser) -> None:
    page = browser.authorize(login_hint=INTEGRATION)
    assert "Log in to Maventech" in page.text
    assert INTEGRATION in page.text
    assert browser.log_in().status_code == 303
    assert "Allow access?" in browser.authorize().text
    answer = sent_back(browser.authorize("POST"))
    assert answer["state"] == "st&te=1"
    assert answer["code"].endswith("==")
    # Approved once, it is not asked again, unless the app wants it.
    assert "code" in sent_back(browser.authorize())
    assert "Allow access?" in browser.authorize(prompt="consent").text
    assert "Log in to" in browser.authorize(prompt="login").text


def test_who_says_no_is_sent_back_with_access_denied(browser: Browser) -> None:
    browser.log_in()
    browser.decision = "deny"
    assert sent_back(browser.authorize("POST"))["error"] == "access_denied"


def test_immediate_never_shows_a_page(browser: Browser) -> None:
    assert sent_back(browser.authorize(immediate="true"))["error"] == "immediate_unsuccessful"


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": None},
        {"client_id": "nobody"},
    ],
)
def test_a_redirect_that_is_not_the_apps_is_never_followed(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    browser.log_in()
    for method in ("GET", "POST"):
        answer = browser.authorize(method, **changes)
        assert answer.status_code == 400
        assert "Location" not in answer.headers


def test_the_challenges_method_may_go_without_saying(browser: Browser) -> None:
    browser.log_in()
    assert "code" in sent_back(browser.authorize("POST", code_challenge_method=None))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "api moon"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_a_bad_request_is_told_to_the_app(
    browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    assert sent_back(browser.authorize(**changes))["error"] == error


def test_a_wrong_password_and_a_frozen_user_do_not_get_in(browser: Browser) -> None:
    assert "That didn&#39;t work" in browser.log_in(password="guess").text.replace("'", "&#39;")
    frozen = browser.client.org.store.get("User", browser.client.org.cast["frozen"].user_id)
    assert frozen is not None
    assert browser.log_in(frozen["Username"]).status_code == 200


def test_the_log_in_form_leads_nowhere_else(client: Client) -> None:
    for going_to in ("http://evil.example/", "//evil.example", "/\\evil.example"):
        answer = requests.post(
            f"{client.url}/login",
            data={"username": INTEGRATION, "password": PASSWORD, "going_to": going_to},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        assert answer.headers["Location"] == "/"
