from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from accounts.models import Company, User
from integrations.models import Connection


@pytest.fixture(autouse=True)
def mail_is_set_up(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    settings.BASE_URL = "https://scoreline.example"


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(
        name="Maventech", slug="maventech", time_zone="Europe/Oslo", currency="NOK"
    )


@pytest.fixture
def admin(company: Company) -> User:
    """Has had today's digest."""
    return User.objects.create_user(
        company=company,
        email="dana@example.com",
        name="Dana Cole",
        role=User.Role.ADMIN,
        digest_sent_on=datetime(2099, 1, 1, tzinfo=UTC).date(),
    )


@pytest.fixture
def support(db: None) -> User:
    return User.objects.create_superuser(email="sam@support.example", name="Sam Support")


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.objects.create(
        company=company,
        login_url="https://acme.my.salesforce.com",
        state=Connection.State.CONNECTED,
    )
