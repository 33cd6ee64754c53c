"""Tokens renewed by threads and processes at the same time, against an org that counts."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection as database
from django.db import connections, transaction
from pytest_django import Settings

from accounts.models import AuditEntry, User
from integrations.connecting import logging_in
from integrations.connecting.attempts import LogInRefused
from integrations.connecting.check import check
from integrations.connecting.terminating import terminate
from integrations.credentials import CredentialStore, client_for
from integrations.demo_org.org import DemoOrg
from integrations.mails.rounds import send_what_is_due
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.errors import ReconnectRequired
from integrations.salesforce.session import SalesforceSession

from .other_process import start_python

pytestmark = pytest.mark.django_db(transaction=True)

ASK = """
from integrations.credentials import client_for
from integrations.models import AuthorizationAttempt, Connection
with client_for(Connection.objects.get()) as client:
    print(client.organization()["Name"])
"""
ASK_AND_DIE = """
import os, signal
from integrations.salesforce.oauth import OAuthApp
refresh = OAuthApp.refresh
def dies(app, tokens):
    refresh(app, tokens)
    os.kill(os.getpid(), signal.SIGKILL)
OAuthApp.refresh = dies
"""


@pytest.fixture
def refreshes(org: DemoOrg, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The refresh tokens that the token endpoint was asked with."""
    asked: list[str] = []
    refresh = org.authority.refresh

    def counting(refresh_token: str, app: Any) -> dict[str, Any]:
        asked.append(refresh_token)
        return refresh(refresh_token, app)

    monkeypatch.setattr(org.authority, "refresh", counting)
    return asked


def in_threads(number: int, work: Callable[[], object]) -> list[object]:
    """What each thread got, or the error it met."""

    def one(_: int) -> object:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - compared by the test
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


@pytest.mark.parametrize("rotation", [False, True])
def test_eight_threads_refresh_once(
    connected: Connection, org: DemoOrg, refreshes: list[str], rotation: bool
) -> None:
    org.authority.rotation = rotation
    org.authority.expire()

    def ask() -> str:
        with client_for(Connection.objects.get()) as client:
            return str(client.organization()["Name"])

    assert in_threads(8, ask) == ["Maventech"] * 8
    assert len(refreshes) == 1


def test_processes_refresh_once(connected: Connection, org: DemoOrg, refreshes: list[str]) -> None:
    org.authority.rotation = True
    org.authority.expire()
    processes = [start_python(ASK) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert said == ["Maventech"] * 2
    assert len(refreshes) == 1


def test_a_rotated_token_is_used_for_the_next_refresh(
    connected: Connection, org: DemoOrg, refreshes: list[str]
) -> None:
    org.authority.rotation = True
    for _ in range(3):
        org.authority.expire()
        with client_for(connected) as client:
            client.organization()
    assert len(set(refreshes)) == 3


def test_a_crash_between_response_and_commit_asks_for_a_new_log_in(
    connected: Connection, org: DemoOrg, refreshes: list[str]
) -> None:
    org.authority.rotation = True
    org.authority.expire()
    died = start_python(ASK_AND_DIE + ASK)
    died.communicate(timeout=60)
    assert died.returncode == -signal.SIGKILL
    with client_for(connected) as client, pytest.raises(ReconnectRequired):
        client.organization()
    connected.refresh_from_db()
    assert connected.state == Connection.State.RECONNECT_REQUIRED
    assert "Log in to Salesforce again" in connected.state_reason
    assert len(refreshes) == 2


def test_a_revoked_grant_is_asked_about_once_and_told_once(
    connected: Connection, org: DemoOrg, refreshes: list[str], settings: Settings, stranger: User
) -> None:
    settings.EMAIL_CONFIGURED = True
    User.objects.create_superuser(email="support@scoreline.example", name="Support")
    User.objects.create_user(company=connected.company, email="member@x.example", name="Member")
    org.faults.break_it("revoke_grant")

    def ask() -> None:
        with client_for(Connection.objects.get()) as client:
            client.organization()

    for error in [*in_threads(6, ask), *in_threads(6, ask)]:
        assert isinstance(error, ReconnectRequired)
        assert "withdrawn our access" in error.message
    assert len(refreshes) == 1
    assert send_what_is_due() == 2
    assert sorted(message.to[0] for message in mail.outbox) == [
        "dana@maventech.example",
        "support@scoreline.example",
    ]
    message = mail.outbox[0]
    assert message.subject == "Salesforce of Maventech: reconnect required"
    assert f"/admin/integrations/connection/{connected.pk}/change/" in message.body
    assert AuditEntry.objects.filter(action="connection.reconnect_required").count() == 1


def test_an_org_that_moved_is_followed(connected: Connection, org: DemoOrg) -> None:
    org.faults.break_it("moved")
    org.authority.expire()
    with client_for(connected) as client:
        assert client.organization()["Name"] == "Maventech"
    connected.refresh_from_db()
    assert connected.instance_url == org.instance_url
    assert CredentialStore(connected).load().instance_url == org.instance_url


def test_nothing_but_a_refresh_is_asked_inside_a_transaction(
    connection: Connection,
    come_back: Callable[[str], AuthorizationAttempt],
    integration_username: str,
    org: DemoOrg,
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside: list[str] = []
    asked = 0
    send = SalesforceSession.send

    def watched(session: SalesforceSession, request: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        if database.in_atomic_block:
            inside.append(request.url.removeprefix(org.url))
        return send(session, request, **options)

    monkeypatch.setattr(SalesforceSession, "send", watched)
    for _ in range(2):
        logging_in.connect_as(come_back(integration_username), by=admin)
    logging_in.forget(come_back(integration_username))
    org.authority.expire()
    check(connection.pk)
    terminate(connection, by=admin)
    assert asked > 20
    assert inside == ["/services/oauth2/token"]


def test_a_refresh_inside_another_transaction_is_refused(
    connected: Connection, org: DemoOrg
) -> None:
    org.authority.expire()
    with (
        client_for(connected) as client,
        transaction.atomic(),
        pytest.raises(RuntimeError, match="durable"),
    ):
        client.organization()


def test_connect_as_pressed_twice_at_once_keeps_the_access(
    connection: Connection,
    come_back: Callable[[str], AuthorizationAttempt],
    integration_username: str,
    org: DemoOrg,
    admin: User,
) -> None:
    attempt = come_back(integration_username)

    def press() -> bool:
        mine = AuthorizationAttempt(
            **{field.attname: getattr(attempt, field.attname) for field in attempt._meta.fields}
        )
        logging_in.connect_as(mine, by=admin)
        return True

    outcomes = in_threads(4, press)
    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, LogInRefused) for outcome in outcomes) == 3
    assert [grant.revoked for grant in org.authority.grants] == [False]
    with client_for(connection) as client:
        assert client.organization()["Name"] == "Maventech"
