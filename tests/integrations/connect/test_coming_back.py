"""What comes back from Salesforce counts once, in time, for who started it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Company, User
from integrations.connecting.logging_in import forget_expired
from integrations.credentials import CredentialStore
from integrations.demo_org.org import DemoOrg
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.errors import ReconnectRequired

from .browser import log_in_at_salesforce
from .conftest import page_of
from .pages import came_back, go_to_salesforce, refusal


def test_an_answer_counts_once(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    assert browser.get(answer).status_code == 302
    assert "used already" in refusal(browser.get(answer))


def test_an_answer_after_15_minutes_restarts_the_log_in(
    browser: Client, connection: Connection, integration_username: str
) -> None:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), integration_username)
    AuthorizationAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "longer than 15 minutes" in refusal(browser.get(answer))


@pytest.mark.parametrize("state", ["", "forged", "x" * 5000, "\x00"])
def test_a_forged_state_is_refused(browser: Client, connection: Connection, state: str) -> None:
    response = browser.get("/salesforce/callback/", {"state": state, "code": "aPrx=="})
    assert "not started by you" in refusal(response)


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
        assert "not started by you" in refusal(response)
        assert b"Back to the connection" not in response.content
    client.force_login(admin)
    assert client.get(answer).status_code == 302


def test_without_a_log_in_here_nothing_is_exchanged(
    client: Client, connection: Connection, admin: User, org: DemoOrg, integration_username: str
) -> None:
    client.force_login(admin)
    answer = log_in_at_salesforce(go_to_salesforce(client, connection), integration_username)
    client.logout()
    assert "Log in, then connect again" in refusal(client.get(answer))
    assert org.authority.grants == []


def test_a_member_cannot_use_the_callback(client: Client, company: Company) -> None:
    member = User.objects.create_user(company=company, email="m@x.example", name="M")
    client.force_login(member)
    assert "Log in" in refusal(client.get("/salesforce/callback/?state=a&code=b"))


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
