from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Company, User
from integrations.connecting import logging_in
from integrations.credentials import callback_url, store_app_keys
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.demo_org.server import Running, run_in_thread
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.tokens import AppKeys

from .browser import log_in_at_salesforce

KEYS = AppKeys(CONSUMER_KEY, CONSUMER_SECRET)


@pytest.fixture(autouse=True)
def plain_http(settings: Settings) -> None:
    settings.BASE_URL = "http://testserver"
    settings.SECURE_SSL_REDIRECT = False


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(
        name="Maventech", slug="maventech", time_zone="Europe/Oslo", currency="NOK"
    )


@pytest.fixture
def admin(company: Company) -> User:
    return User.objects.create_user(
        company=company,
        email="dana@maventech.example",
        password="a-long-password",
        name="Dana Cole",
        role=User.Role.ADMIN,
    )


@pytest.fixture
def stranger(db: None) -> User:
    """An admin of another company."""
    other = Company.objects.create(
        name="Other", slug="other", time_zone="Europe/Oslo", currency="NOK"
    )
    return User.objects.create_user(
        company=other, email="eve@other.example", name="Eve", role=User.Role.ADMIN
    )


@pytest.fixture
def org(settings: Settings) -> Iterator[DemoOrg]:
    """A Salesforce org of six people on a real socket, which knows our app."""
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    org = DemoOrg.believable(people=6, with_work=False)
    org.app.callback_urls.append(callback_url())
    with run_in_thread(org) as running:
        assert isinstance(running, Running)
        yield org


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    """With key and secret; nobody has logged in yet."""
    connection = Connection.objects.create(company=company, login_url=org.url)
    store_app_keys(connection, KEYS)
    return connection


@pytest.fixture
def integration_username(org: DemoOrg) -> str:
    username: str = org.cast["integration"].email
    return username


@pytest.fixture
def browser(client: Client, admin: User) -> Client:
    """The admin's browser, logged in here."""
    client.force_login(admin)
    return client


@pytest.fixture
def come_back(
    connection: Connection, admin: User, org: DemoOrg
) -> Callable[[str], AuthorizationAttempt]:
    """The admin logs in at Salesforce with this username and comes back here."""

    def log_in(username: str) -> AuthorizationAttempt:
        answer = log_in_at_salesforce(logging_in.begin(connection, admin), username)
        query = dict(parse_qsl(urlsplit(answer).query))
        return logging_in.come_back(query["state"], query["code"], admin)

    return log_in


@pytest.fixture
def connected(
    connection: Connection,
    come_back: Callable[[str], AuthorizationAttempt],
    integration_username: str,
    admin: User,
) -> Connection:
    """Connected as the integration user."""
    logging_in.connect_as(come_back(integration_username), by=admin)
    connection.refresh_from_db()
    return connection


@pytest.fixture
def new(company: Company) -> Connection:
    """Nobody has pasted a key yet."""
    return Connection.objects.create(company=company)


def page_of(connection: Connection, name: str = "change", *more: int) -> str:
    return reverse(f"admin:integrations_connection_{name}", args=[connection.pk, *more])
