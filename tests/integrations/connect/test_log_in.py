"""The log-in over real sockets, through the pages that an admin sees."""

from collections.abc import Callable
from html import unescape

from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from accounts.models import AuditEntry, User
from integrations import connection_states
from integrations.connecting import attempts, logging_in
from integrations.credentials import CredentialStore, app_keys, store_tokens
from integrations.demo_org.org import DemoOrg
from integrations.models import Approach, AuthorizationAttempt, Connection, UserMapping

from .conftest import KEYS, page_of
from .pages import came_back


def test_a_new_connection_is_ready_once_the_keys_are_pasted(browser: Client, org: DemoOrg) -> None:
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


def test_the_log_in_connects_only_when_connect_as_is_pressed(
    browser: Client, connection: Connection, org: DemoOrg, integration_username: str
) -> None:
    attempt = came_back(browser, connection, integration_username)
    question = browser.get(page_of(connection, "connect_as", attempt.pk)).content.decode()
    assert "Connect as Scoreline Integration" in question
    assert "person\u2019s own user" not in question
    connection.refresh_from_db()
    assert connection.state == Connection.State.NOT_CONNECTED

    browser.post(page_of(connection, "connect_as", attempt.pk), {"connect": "1"})
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    assert (connection.org_id, connection.org_name) == (org.org_id, "Maventech")
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
    assert "This looks like a person\u2019s own user" in question
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
