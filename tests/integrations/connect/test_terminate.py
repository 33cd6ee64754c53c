from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from integrations.connecting import logging_in
from integrations.connecting.attempts import LogInRefused
from integrations.connecting.connecting_user import ConnectingUser
from integrations.connecting.terminating import terminate
from integrations.credentials import CredentialStore, app_keys
from integrations.demo_org.org import DemoOrg
from integrations.models import Approach, AuthorizationAttempt, Connection, UserMapping
from integrations.salesforce.errors import ReconnectRequired

from .conftest import KEYS, page_of


def test_terminating_revokes_access_and_keeps_everything_else(
    browser: Client, connected: Connection, org: DemoOrg, admin: User
) -> None:
    UserMapping.objects.create(
        company=connected.company,
        connection=connected,
        salesforce_user_id=org.users[-1]["Id"],
        account=admin,
        approach=Approach.MANUAL,
    )
    question = browser.get(page_of(connected, "terminate")).content.decode()
    assert "Accounts, mappings and reports stay" in question
    answer = browser.post(page_of(connected, "terminate"), follow=True).content.decode()
    assert "Salesforce has revoked the access" in answer
    connected.refresh_from_db()
    assert connected.state == Connection.State.TERMINATED
    assert [grant.revoked for grant in org.authority.grants] == [True]
    with pytest.raises(ReconnectRequired):
        CredentialStore(connected).load()
    assert app_keys(connected) == KEYS
    assert UserMapping.objects.count() == 1
    assert AuditEntry.objects.filter(action="connection.terminated", actor=admin).count() == 1


def test_looking_at_the_question_terminates_nothing(browser: Client, connected: Connection) -> None:
    browser.get(page_of(connected, "terminate"))
    connected.refresh_from_db()
    assert connected.state == Connection.State.CONNECTED


def test_terminating_twice_is_harmless(browser: Client, connected: Connection) -> None:
    for _ in range(2):
        assert browser.post(page_of(connected, "terminate")).status_code == 302
    assert AuditEntry.objects.filter(action="connection.terminated").count() == 1


@pytest.mark.parametrize("fault", ["unavailable", "reset", "html_page"])
def test_when_salesforce_does_not_confirm_it_says_how_to_revoke_there(
    browser: Client, connected: Connection, org: DemoOrg, fault: str
) -> None:
    org.faults.break_it(fault, where="login")
    answer = browser.post(page_of(connected, "terminate"), follow=True).content.decode()
    connected.refresh_from_db()
    assert connected.state == Connection.State.TERMINATED
    with pytest.raises(ReconnectRequired):
        CredentialStore(connected).load()
    assert "Connected Apps OAuth Usage" in answer


def test_a_log_in_under_way_does_not_survive_it(
    browser: Client, connected: Connection, admin: User
) -> None:
    logging_in.begin(connected, admin)
    browser.post(page_of(connected, "terminate"))
    assert not AuthorizationAttempt.objects.exists()


def test_a_log_in_that_nobody_finished_gives_its_access_back(
    browser: Client,
    connected: Connection,
    org: DemoOrg,
    come_back: Callable[[str], AuthorizationAttempt],
    integration_username: str,
) -> None:
    come_back(integration_username)
    browser.post(page_of(connected, "terminate"))
    assert not AuthorizationAttempt.objects.exists()
    assert [grant.revoked for grant in org.authority.grants] == [True, True]


def test_a_log_in_that_comes_back_meanwhile_is_not_kept(
    connected: Connection,
    org: DemoOrg,
    admin: User,
    come_back: Callable[[str], AuthorizationAttempt],
    integration_username: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = ConnectingUser.read

    def terminated_meanwhile(*args: Any) -> ConnectingUser:
        terminate(connected, by=admin)
        return read(*args)

    monkeypatch.setattr(ConnectingUser, "read", terminated_meanwhile)
    with pytest.raises(LogInRefused, match="terminated meanwhile"):
        come_back(integration_username)
    assert not AuthorizationAttempt.objects.exists()
    assert [grant.revoked for grant in org.authority.grants] == [True, True]


def test_the_same_org_can_be_connected_again(
    browser: Client, connected: Connection, org: DemoOrg, admin: User
) -> None:
    browser.post(page_of(connected, "terminate"))
    page = browser.get(page_of(connected)).content.decode()
    assert "All mappings are still here" in page
    assert "Log in to Salesforce</button>" in page
