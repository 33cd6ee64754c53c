"""Another company's connection and log-ins are not there."""

import pytest
from django.test import Client

from accounts.models import User
from integrations.connecting import logging_in
from integrations.demo_org.org import DemoOrg
from integrations.models import AuthorizationAttempt, Connection

from .conftest import page_of

PAGES = ["change", "keys", "settings", "log_in", "check", "terminate", "delete", "history"]


@pytest.mark.parametrize("name", PAGES)
def test_another_companys_connection_is_not_there(
    client: Client, connected: Connection, stranger: User, org: DemoOrg, name: str
) -> None:
    client.force_login(stranger)
    for response in (client.get(page_of(connected, name)), client.post(page_of(connected, name))):
        assert response.status_code in (
            (404, 405) if response.request["REQUEST_METHOD"] == "GET" else (404,)
        )
    connected.refresh_from_db()
    assert connected.state == Connection.State.CONNECTED


def test_another_companys_log_in_is_not_there(
    client: Client, connection: Connection, stranger: User, admin: User
) -> None:
    logging_in.begin(connection, admin)
    attempt = AuthorizationAttempt.objects.get()
    assert stranger.company is not None
    theirs = Connection.objects.create(company=stranger.company)
    client.force_login(stranger)
    assert client.get(page_of(connection, "connect_as", attempt.pk)).status_code == 404
    client.post(page_of(theirs, "connect_as", attempt.pk), {"connect": "1"})
    assert AuthorizationAttempt.objects.filter(pk=attempt.pk).exists()
    theirs.refresh_from_db()
    assert theirs.state == Connection.State.NOT_CONNECTED
