from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Company, User
from integrations.connecting.logging_in import connect_app
from integrations.credentials import callback_url
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Connection
from integrations.salesforce.tokens import AppKeys


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
def support(db: None) -> User:
    return User.objects.create_superuser(email="sam@support.example", name="Sam Support")


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.objects.create(
        company=company,
        login_url="https://acme.my.salesforce.com",
        org_id="00Dx0000000BV7zEAG",
        state=Connection.State.CONNECTED,
    )


@pytest.fixture
def org(settings: Settings) -> Iterator[DemoOrg]:
    """A Salesforce org of six people on a real socket, which knows our app."""
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    settings.BASE_URL = "http://testserver"
    org = DemoOrg.believable(people=6, with_work=False)
    org.app.callback_urls.append(callback_url())
    with run_in_thread(org):
        yield org


@pytest.fixture
def connected(company: Company, org: DemoOrg) -> Connection:
    """Connected to the org; nobody has read its users yet."""
    made = Connection(company=company, login_url=org.url)
    connect_app(made, AppKeys(CONSUMER_KEY, CONSUMER_SECRET), by=None)
    return made
