from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from accounts.models import Company
from integrations.connecting.logging_in import connect_directly
from integrations.credentials import callback_url, store_app_keys
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Connection
from integrations.salesforce.tokens import AppKeys, Tokens


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    settings.BASE_URL = "http://testserver"


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(
        name="Maventech", slug="maventech", time_zone="America/Chicago", currency="USD"
    )


@pytest.fixture
def org() -> Iterator[DemoOrg]:
    """An org with nobody in it yet, on a real socket."""
    org = DemoOrg.empty()
    with run_in_thread(org):
        yield org


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    return connected(company, org)


def connected(company: Company, org: DemoOrg) -> Connection:
    """A connection that is logged in as the org's integration user."""
    org.app.callback_urls.append(callback_url())
    connection = Connection.objects.create(company=company, login_url=org.url)
    store_app_keys(connection, AppKeys(CONSUMER_KEY, CONSUMER_SECRET))
    log_in(connection, org)
    return connection


def log_in(connection: Connection, org: DemoOrg) -> None:
    """Log in as the org's integration user, for the first time or again."""
    user = org.store.get("User", org.integration_user_id)
    assert user is not None
    granted = org.grant(user["Username"])
    connect_directly(
        connection,
        Tokens(
            access_token=granted["access_token"],
            refresh_token=granted["refresh_token"],
            instance_url=granted["instance_url"],
            identity_url=granted["id"],
            issued_at=datetime.now(UTC),
        ),
    )
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
