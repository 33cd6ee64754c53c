from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Company, User
from integrations.models import Connection
from tests.integrations.user_sync.builders import NOON


@pytest.fixture(autouse=True)
def _forget_menus() -> None:
    """Connections of other tests may have had the same id."""
    cache.clear()


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
    return _admin(company, "dana@example.com", "Dana Cole")


@pytest.fixture
def second_admin(company: Company) -> User:
    return _admin(company, "eve@example.com", "Eve Berg")


@pytest.fixture
def other_admin(other_company: Company) -> User:
    return _admin(other_company, "otto@example.org", "Otto Other")


@pytest.fixture
def support(db: None) -> User:
    return User.objects.create_superuser(email="sam@support.example", name="Sam Support")


@pytest.fixture
def connection(company: Company) -> Connection:
    return _connection(company)


@pytest.fixture
def other_connection(other_company: Company) -> Connection:
    return _connection(other_company)


@pytest.fixture
def client(admin: User) -> Client:
    """A browser in which the company's admin is logged in."""
    return logged_in(admin)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _admin(company: Company, email: str, name: str) -> User:
    return User.objects.create_user(company=company, email=email, name=name, role=User.Role.ADMIN)


def _connection(company: Company) -> Connection:
    return Connection.objects.create(
        company=company,
        login_url="https://acme.my.salesforce.com",
        state=Connection.State.CONNECTED,
        directory_refreshed_at=NOON,
    )
