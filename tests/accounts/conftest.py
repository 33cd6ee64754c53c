from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Company, Team, User

PASSWORD = "correct horse battery"


def make_company(name: str = "Acme", **fields: object) -> Company:
    values = {"slug": name.lower(), "time_zone": "Europe/Oslo", "currency": "EUR", **fields}
    return Company.objects.create(name=name, **values)


def make_user(company: Company, email: str, **fields: object) -> User:
    values = {"name": email.partition("@")[0].title(), "password": PASSWORD, **fields}
    return User.objects.create_user(company=company, email=email, **values)  # type: ignore[arg-type]


@pytest.fixture
def company() -> Company:
    return make_company("Acme")


@pytest.fixture
def other_company() -> Company:
    return make_company("Bolt")


@pytest.fixture
def team(company: Company) -> Team:
    return Team.objects.create(company=company, name="North")


@pytest.fixture
def foreign_team(other_company: Company) -> Team:
    return Team.objects.create(company=other_company, name="Far away")


@pytest.fixture
def admin(company: Company) -> User:
    return make_user(company, "ada@acme.example", name="Ada Admin", role=User.Role.ADMIN)


@pytest.fixture
def foreign_admin(other_company: Company) -> User:
    return make_user(other_company, "bea@bolt.example", name="Bea Boss", role=User.Role.ADMIN)


@pytest.fixture
def member(company: Company, team: Team) -> User:
    return make_user(company, "mia@acme.example", name="Mia Member", team=team)


@pytest.fixture
def support(db: None) -> User:
    return User.objects.create_superuser(
        email="sam@support.example", name="Sam Support", password=PASSWORD
    )


@pytest.fixture
def client_of_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def logged_in(client: Client, admin: User) -> None:
    client.force_login(admin)


@pytest.fixture
def invited(company: Company) -> User:
    return make_user(company, "ivy@acme.example", password=None, invited_at=timezone.now())


@pytest.fixture
def mail_works(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
