from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Company, Team, User
from activities.models import ActivityType
from tests.accounts.conftest import make_company, make_user
from tests.activities.making import make_type


@pytest.fixture
def company(db: None) -> Company:
    return make_company("Acme")


@pytest.fixture
def other_company(db: None) -> Company:
    return make_company("Bolt")


@pytest.fixture
def team(company: Company) -> Team:
    return Team.objects.create(company=company, name="North")


@pytest.fixture
def ann(company: Company, team: Team) -> User:
    return make_user(company, "ann@acme.example", name="Ann Able", team=team)


@pytest.fixture
def ben(company: Company) -> User:
    return make_user(company, "ben@acme.example", name="Ben Brave")


@pytest.fixture
def boss(company: Company) -> User:
    return make_user(company, "boss@acme.example", name="Bo Boss", role=User.Role.ADMIN)


@pytest.fixture
def stranger(other_company: Company) -> User:
    return make_user(other_company, "sue@bolt.example", name="Sue Strange")


@pytest.fixture
def deals(company: Company) -> ActivityType:
    return make_type(company, "Closed deals", unit="money", celebrate_from=10_000)


@pytest.fixture
def calls(company: Company) -> ActivityType:
    return make_type(company, "Calls", in_feed=False)


@pytest.fixture
def as_in_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives a database connection back keeps none, as where it comes from a pool."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)


@pytest.fixture
def seen(client: Client, ann: User) -> Client:
    client.force_login(ann)
    return client
