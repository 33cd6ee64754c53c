"""Who has no account asks to be added, once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, TabVisitor
from tests.accounts.conftest import make_company

from .conftest import signed_request
from .opening import heading, opened


def ticket_in(response: Any) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', response.content.decode())
    assert found
    return found[1]


def test_asking_lands_once_however_often_it_is_pressed(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    response = opened(connection, signed_request(org, salesforce_user))
    assert "You have no account here." in response.content.decode()
    ticket = ticket_in(response)
    for _ in range(3):
        answer = Client().post(f"/embed/{connection.key}/ask/", {"ticket": ticket})
        assert heading(answer) == "You asked to be added"
    assert TabVisitor.objects.filter(asked_at__isnull=False).count() == 1
    assert AuditEntry.objects.filter(action="tab.asked").count() == 1
    again = opened(connection, signed_request(org, salesforce_user))
    assert heading(again) == "You asked to be added"


def test_the_day_somebody_asked_is_the_companys(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    connection.company.time_zone = "America/Chicago"
    connection.company.save()
    opened(connection, signed_request(org, salesforce_user))
    TabVisitor.objects.update(asked_at=datetime(2026, 3, 6, 3, tzinfo=UTC))
    again = opened(connection, signed_request(org, salesforce_user))
    assert "Asked on 5 Mar 2026." in again.content.decode()


def test_who_was_declined_reads_the_reason(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    opened(connection, signed_request(org, salesforce_user))
    now = timezone.now()
    TabVisitor.objects.update(asked_at=now)
    DirectoryUser.objects.create(
        company=connection.company,
        connection=connection,
        salesforce_id=salesforce_user,
        name="Stan",
        is_active=True,
        system_modstamp=now,
        refreshed_at=now,
        ignored_at=now,
        ignored_reason="You left sales.",
    )
    response = opened(connection, signed_request(org, salesforce_user))
    assert heading(response) == "Declined"
    assert "You left sales." in response.content.decode()


def test_nobody_asks_at_a_connection_that_has_ended(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    ticket = ticket_in(opened(connection, signed_request(org, salesforce_user)))
    Connection.objects.update(state=Connection.State.TERMINATED)
    answer = Client().post(f"/embed/{connection.key}/ask/", {"ticket": ticket})
    assert heading(answer) == "Salesforce was disconnected"
    assert not TabVisitor.objects.filter(asked_at__isnull=False).exists()


def test_a_ticket_of_another_connection_asks_nothing(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    response = opened(connection, signed_request(org, salesforce_user))
    ticket = ticket_in(response)
    other = Connection.objects.create(company=make_company("Bolt"), name="Other")
    for key, text in ((other.key, ticket), (connection.key, "forged")):
        answer = Client().post(f"/embed/{key}/ask/", {"ticket": text})
        assert answer.status_code == 403
    assert not TabVisitor.objects.filter(asked_at__isnull=False).exists()
