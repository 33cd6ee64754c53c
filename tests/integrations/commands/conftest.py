from __future__ import annotations

import pytest

from accounts.models import Company, User
from integrations.models import Connection


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
