"""The log-in over real sockets, through the pages that an admin sees."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import AuditEntry, Company, User
from integrations import connection_states
from integrations.connecting import attempts, logging_in
from integrations.connecting.logging_in import forget_expired
from integrations.credentials import CredentialStore, app_keys, store_tokens
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Approach, AuthorizationAttempt, Connection, UserMapping
from integrations.salesforce.errors import ReconnectRequired

from .browser import log_in_at_salesforce
from .conftest import KEYS, page_of


def go_to_salesforce(browser: Client, connection: Connection, **form: str) -> str:
    """Press “Log in to Salesforce”; return where the link leads."""
    page = browser.post(page_of(connection, "log_in"), form)
    assert page.status_code == 200
    link = re.search(r'class="btn primary" href="([^"]+)"', page.content.decode())
    assert link
    return unescape(link[1])


def came_back(browser: Client, connection: Connection, username: str) -> AuthorizationAttempt:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), username)
    assert browser.get(answer).status_code == 302
    return AuthorizationAttempt.objects.exclude(sealed_access_token="").get()


def refusal(response: HttpResponseBase, *words: str) -> None:
    assert isinstance(response, HttpResponse)
    text = unescape(response.content.decode())
    assert response.status_code == 400, text
    assert "Not connected" in text
    for word in words:
        assert word in text


def test_from_nothing_to_connected(
    browser: Client, org: DemoOrg, admin: User, integration_username: str
) -> None:
    made = browser.post(reverse("admin:integrations_connection_connect"))
    connection = Connection.objects.get()
    assert made["Location"] == page_of(connection)
    form = {
        "login_url": f"{org.url}/",
        "consumer_key": KEYS.consumer_key,
        "consumer_secret": KEYS.consumer_secret,
    }
    assert browser.post(page_of(connection, "keys"), form).status_code == 302
    assert app_keys(connection) == KEYS

    attempt = came_back(browser, connection, integration_username)
    question = browser.get(page_of(connection, "connect_as", attempt.pk)).content.decode()
    assert "Connect as Scoreline Integration" in question
    assert "person's own user" not in question
    connection.refresh_from_db()
    assert connection.state == Connection.State.NOT_CONNECTED

    browser.post(page_of(connection, "connect_as", attempt.pk), {"connect": "1"})
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    assert connection.org_id == org.org_id
    assert connection.org_name == "Maventech"
    assert connection.connecting_username == integration_username
    assert connection.instance_url == org.url
    assert CredentialStore(connection).load().access_token.startswith(org.org_id[:15])
    assert not AuthorizationAttempt.objects.exists()
    assert OrmQ.objects.count() == 1
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert {"connection.connected", "connection.connecting_user"} <= set(actions)


def test_connecting_alone_makes_no_account(connected: Connection) -> None:
    assert list(User.objects.values_list("email", flat=True)) == ["dana@maventech.example"]
    assert not UserMapping.objects.exists()


def test_pressing_connect_twice_makes_one_connection(browser: Client, admin: User) -> None:
    for _ in range(2):
        browser.post(reverse("admin:integrations_connection_connect"))
    assert Connection.objects.count() == 1


def test_a_persons_own_user_is_warned_about(
    browser: Client, connection: Connection, org: DemoOrg, admin: User
) -> None:
    seller = next(row for row in org.users if row["Title"] == "Account Executive")
    admin.email = seller["Email"].upper()
    admin.save()
    attempt = came_back(browser, connection, seller["Username"])
    question = unescape(browser.get(page_of(connection, "connect_as", attempt.pk)).content.decode())
    assert "This looks like a person's own user" in question
    assert "Dana Cole has an account here with the same e-mail" in question
    assert "as people do" in question


def test_another_user_can_be_used_instead(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str
) -> None:
    attempt = came_back(browser, connection, integration_username)
    page = browser.post(page_of(connection, "connect_as", attempt.pk), {"another": "1"})
    assert "prompt=login" in unescape(page.content.decode())
    assert [grant.revoked for grant in org.authority.grants] == [True]
    assert not AuthorizationAttempt.objects.exclude(sealed_access_token="").exists()
    connection.refresh_from_db()
    assert connection.state == Connection.State.NOT_CONNECTED


def test_saying_no_at_salesforce_is_said_in_words(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    url = go_to_salesforce(browser, connection)
    answer = log_in_at_salesforce(url, integration_username, decision="deny")
    refusal(browser.get(answer), "Access was not allowed in Salesforce", "Back to the connection")
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
    refusal(response, words)
    assert b"<script>alert" not in response.content


def test_an_answer_counts_once(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    assert browser.get(answer).status_code == 302
    refusal(browser.get(answer), "used already")


def test_an_answer_after_15_minutes_restarts_the_log_in(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    AuthorizationAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refusal(browser.get(answer), "longer than 15 minutes")


@pytest.mark.parametrize("state", ["", "forged", "x" * 5000, "\x00"])
def test_a_forged_state_is_refused(browser: Client, connection: Connection, state: str) -> None:
    response = browser.get("/salesforce/callback/", {"state": state, "code": "aPrx=="})
    refusal(response, "not started by you")


def test_somebody_elses_answer_is_refused_and_stays_good_for_its_owner(
    browser: Client,
    client: Client,
    connection: Connection,
    stranger: User,
    admin: User,
    integration_username: str,
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    colleague = User.objects.create_user(
        company=connection.company, email="c@maventech.example", name="C", role=User.Role.ADMIN
    )
    for other in (stranger, colleague):
        client.force_login(other)
        response = client.get(answer)
        refusal(response, "not started by you")
        assert b"Back to the connection" not in response.content
    client.force_login(admin)
    assert client.get(answer).status_code == 302


def test_without_a_log_in_here_nothing_is_exchanged(
    client: Client, connection: Connection, admin: User, org: DemoOrg, integration_username: str
) -> None:
    client.force_login(admin)
    answer = log_in_at_salesforce(go_to_salesforce(client, connection), integration_username)
    client.logout()
    refusal(client.get(answer), "Log in, then connect again")
    assert org.authority.grants == []


def test_a_member_cannot_use_the_callback(client: Client, company: Company) -> None:
    member = User.objects.create_user(company=company, email="m@x.example", name="M")
    client.force_login(member)
    refusal(client.get("/salesforce/callback/?state=a&code=b"), "Log in")


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
        refusal(browser.get(answer), "another Salesforce org", "Maventech", "nothing was changed")
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
    refusal(browser.get(answer), "already connected as “Maventech”")


@pytest.mark.parametrize("fault", ["html_page", "unavailable", "empty_body", "reset", "half_page"])
def test_a_sick_token_endpoint_is_said_in_words_and_the_log_in_can_be_repeated(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str, fault: str
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    org.faults.break_it(fault, where="login")
    refusal(browser.get(answer), "Back to the connection")
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
    refusal(browser.get(answer), "Copy both again")


def test_a_user_without_the_api_cannot_connect(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str
) -> None:
    org.faults.break_it("no_api")
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    refusal(browser.get(answer), "API Enabled")
    assert [grant.revoked for grant in org.authority.grants] == [True]


def test_changing_the_connecting_user_keeps_mappings_and_gives_the_old_access_back(
    browser: Client, connected: Connection, org: DemoOrg, admin: User
) -> None:
    mapping = UserMapping.objects.create(
        company=connected.company,
        connection=connected,
        salesforce_user_id=org.users[-1]["Id"],
        account=admin,
        approach=Approach.MANUAL,
    )
    other = org.user(org.cast["salesforce_admin"].email)
    attempt = came_back(browser, connected, other["Username"])
    browser.post(page_of(connected, "connect_as", attempt.pk), {"connect": "1"})
    connected.refresh_from_db()
    assert connected.connecting_user_id == other["Id"]
    assert list(UserMapping.objects.all()) == [mapping]
    assert [grant.revoked for grant in org.authority.grants] == [True, False]


def test_changing_the_connecting_user_resumes_nothing_that_somebody_paused(
    browser: Client, connected: Connection, org: DemoOrg, admin: User
) -> None:
    connection_states.paused(connected, "Migration until Friday", by=admin)
    other = org.user(org.cast["salesforce_admin"].email)
    attempt = came_back(browser, connected, other["Username"])
    page = page_of(connected, "connect_as", attempt.pk)
    answer = browser.post(page, {"connect": "1"}, follow=True)
    assert "It stays paused until somebody presses Resume" in answer.content.decode()
    connected.refresh_from_db()
    assert connected.connecting_user_id == other["Id"]
    assert (connected.state, connected.state_reason) == ("paused", "Migration until Friday")


def test_an_access_that_salesforce_gave_out_twice_is_not_revoked(
    connected: Connection,
    org: DemoOrg,
    admin: User,
    come_back: Callable[[str], AuthorizationAttempt],
    integration_username: str,
) -> None:
    attempt = come_back(integration_username)
    store_tokens(connected, attempts.tokens_of(attempt))
    logging_in.connect_as(attempt, by=admin)
    assert not org.authority.grants[-1].revoked


def test_a_finished_log_in_cannot_be_pressed_again(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    attempt = came_back(browser, connection, integration_username)
    page = page_of(connection, "connect_as", attempt.pk)
    browser.post(page, {"connect": "1"})
    again = browser.post(page, {"connect": "1"}, follow=True)
    assert "finished or too old" in again.content.decode()


def test_log_ins_that_nobody_finished_give_their_access_back(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str
) -> None:
    came_back(browser, connection, integration_username)
    go_to_salesforce(browser, connection)
    forget_expired()
    assert AuthorizationAttempt.objects.count() == 2
    AuthorizationAttempt.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    forget_expired()
    assert not AuthorizationAttempt.objects.exists()
    assert [grant.revoked for grant in org.authority.grants] == [True]


def test_an_org_that_came_meanwhile_is_not_replaced(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    attempt = came_back(browser, connection, integration_username)
    Connection.objects.update(org_id="00D000000000001EAA", org_name="Elsewhere")
    page = browser.post(
        page_of(connection, "connect_as", attempt.pk), {"connect": "1"}, follow=True
    ).content.decode()
    assert "You logged in to another Salesforce org" in page
    connection.refresh_from_db()
    assert connection.state == Connection.State.NOT_CONNECTED
    with pytest.raises(ReconnectRequired):
        CredentialStore(connection).load()
