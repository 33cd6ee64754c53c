"""Why a log-in connects nothing, in words for the admin."""

import pytest
from django.test import Client

from integrations.credentials import CredentialStore
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import AuthorizationAttempt, Connection

from .browser import log_in_at_salesforce
from .conftest import KEYS, page_of
from .pages import came_back, go_to_salesforce, refusal


def test_saying_no_at_salesforce_is_said_in_words(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    url = go_to_salesforce(browser, connection)
    answer = log_in_at_salesforce(url, integration_username, decision="deny")
    page = refusal(browser.get(answer))
    assert "Access was not allowed in Salesforce" in page
    assert "Back to the connection" in page
    assert not AuthorizationAttempt.objects.exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access-denied", "Access was not allowed"),
        ("invalid_scope", "lacks a scope"),
        ("redirect_uri_mismatch", "callback address does not match"),
        ("<script>alert(1)</script>", "Please tell support"),
    ],
)
def test_salesforces_errors_are_said_in_words(browser: Client, error: str, words: str) -> None:
    response = browser.get("/salesforce/callback/", {"error": error, "state": "x"})
    assert words in refusal(response)
    assert b"<script>alert" not in response.content


def test_another_org_is_refused_for_the_same_connection(
    browser: Client, connected: Connection, integration_username: str, org: DemoOrg
) -> None:
    before = CredentialStore(connected).load()
    other = DemoOrg.empty()
    other.app.callback_urls.append("http://testserver/salesforce/callback/")
    with run_in_thread(other):
        Connection.objects.update(login_url=other.url)
        answer = log_in_at_salesforce(
            go_to_salesforce(browser, connected), other.logins[0].username
        )
        page = refusal(browser.get(answer))
        assert "another Salesforce org" in page
        assert "Maventech" in page
        assert "nothing was changed" in page
        assert [grant.revoked for grant in other.authority.grants] == [True]
    assert CredentialStore(connected).load() == before
    connected.refresh_from_db()
    assert connected.org_id == org.org_id


def test_one_org_is_connected_once_a_company(
    browser: Client, connected: Connection, org: DemoOrg, integration_username: str
) -> None:
    twin = Connection.objects.create(company=connected.company, login_url=org.url, name="Twin")
    form = {
        "login_url": org.url,
        "consumer_key": KEYS.consumer_key,
        "consumer_secret": KEYS.consumer_secret,
    }
    browser.post(page_of(twin, "keys"), form)
    answer = log_in_at_salesforce(go_to_salesforce(browser, twin), integration_username)
    assert "already connected as “Maventech”" in refusal(browser.get(answer))


@pytest.mark.parametrize("fault", ["html_page", "unavailable", "empty_body", "reset", "half_page"])
def test_a_sick_token_endpoint_is_said_in_words_and_the_log_in_can_be_repeated(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str, fault: str
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    org.faults.break_it(fault, where="login")
    assert "Back to the connection" in refusal(browser.get(answer))
    org.faults.mend_everything()
    came_back(browser, connection, integration_username)


def test_a_wrong_secret_is_said_with_what_to_do(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str
) -> None:
    form = {
        "login_url": org.url,
        "consumer_key": KEYS.consumer_key,
        "consumer_secret": "wrong",
    }
    browser.post(page_of(connection, "keys"), form)
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    assert "Copy both again" in refusal(browser.get(answer))


def test_a_user_without_the_api_cannot_connect(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str
) -> None:
    org.faults.break_it("no_api")
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    assert "API Enabled" in refusal(browser.get(answer))
    assert [grant.revoked for grant in org.authority.grants] == [True]
