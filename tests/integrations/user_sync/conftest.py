from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from accounts.models import Company, User
from activities.models import ActivityType
from integrations.connecting.logging_in import connect_directly
from integrations.credentials import callback_url, store_app_keys
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Connection, Workflow
from integrations.salesforce.tokens import AppKeys, Tokens
from integrations.user_sync import wanted


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(
        name="Maventech", slug="maventech", time_zone="Europe/Oslo", currency="NOK"
    )


@pytest.fixture
def other_company(db: None) -> Company:
    return Company.objects.create(
        name="Other", slug="other", time_zone="Europe/Oslo", currency="NOK"
    )


@pytest.fixture
def admin(company: Company) -> User:
    return User.objects.create_user(
        company=company, email="dana@example.com", name="Dana Cole", role=User.Role.ADMIN
    )


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.objects.create(
        company=company,
        login_url="https://acme.my.salesforce.com",
        state=Connection.State.CONNECTED,
    )


@pytest.fixture
def cause(connection: Connection) -> wanted.Cause:
    """Automatic is on for three a day, and a workflow takes part."""
    connection.automatic_is_on = True
    connection.automatic_daily_limit = 3
    connection.save()
    deals = ActivityType.objects.create(company=connection.company, name="Deals", sentence="won")
    workflow = Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name="Won deals",
        object_name="Opportunity",
        activity_type=deals,
        date_field="CloseDate",
        creates_accounts=True,
    )
    return wanted.Cause("006000000000001AAA", workflow)


@pytest.fixture
def org(settings: Settings) -> Iterator[DemoOrg]:
    """An org on a real socket."""
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    settings.BASE_URL = "http://testserver"
    org = DemoOrg.believable(people=30, with_work=False)
    org.app.callback_urls.append(callback_url())
    with run_in_thread(org):
        yield org


@pytest.fixture
def salesforce(connection: Connection, org: DemoOrg) -> Connection:
    """A connection that is logged in as the integration user."""
    connection.login_url = org.url
    connection.state = Connection.State.NOT_CONNECTED
    connection.save()
    store_app_keys(connection, AppKeys(CONSUMER_KEY, CONSUMER_SECRET))
    granted = org.grant(org.cast["integration"].email)
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
    return connection


@pytest.fixture
def strict(connection: Connection) -> Connection:
    """One that deactivates leavers by itself."""
    connection.deprovisioning = Connection.Deprovisioning.DEACTIVATE
    connection.save()
    return connection
