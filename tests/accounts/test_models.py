from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, Team, User
from accounts.models.company import validate_time_zone
from accounts.search import prefix_query
from accounts.time_zone import zone_of
from integrations.models import UserMapping
from integrations.models.mapping import Approach

from . import rows
from .conftest import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def checked_at_once() -> None:
    """Deferred keys are checked with each statement, as they are at each commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_a_team_of_another_company(
    member: User, foreign_team: Team, checked_at_once: None
) -> None:
    with pytest.raises(IntegrityError, match="same_company"), transaction.atomic():
        User.objects.filter(pk=member.pk).update(team=foreign_team)


def test_the_database_refuses_a_mapping_across_companies(
    company: Company, foreign_admin: User, checked_at_once: None
) -> None:
    connected = rows.connection_of(company)
    with pytest.raises(IntegrityError, match="same_company"), transaction.atomic():
        UserMapping.objects.create(
            company=company,
            connection=connected,
            salesforce_user_id=rows.salesforce_id("005"),
            account=foreign_admin,
            approach=Approach.MANUAL,
        )


def test_the_database_refuses_to_move_an_account_that_has_a_team(
    member: User, other_company: Company, checked_at_once: None
) -> None:
    with pytest.raises(IntegrityError, match="same_company"), transaction.atomic():
        User.objects.filter(pk=member.pk).update(company=other_company)


def test_only_support_staff_belong_to_no_company(member: User) -> None:
    for change in ({"company": None, "team": None}, {"is_superuser": True}):
        with pytest.raises(IntegrityError, match="support_staff"), transaction.atomic():
            User.objects.filter(pk=member.pk).update(**change)


@pytest.mark.parametrize("state", [User.State.PENDING, User.State.ACTIVE])
def test_an_e_mail_is_held_in_any_case_by_whoever_may_come_in(
    company: Company, state: User.State
) -> None:
    make_user(company, "same@acme.example", state=state)
    with pytest.raises(IntegrityError, match="email_once_a_company"), transaction.atomic():
        make_user(company, "SAME@ACME.EXAMPLE")


def test_a_deactivated_account_lets_go_of_its_e_mail(company: Company) -> None:
    for _ in range(3):
        make_user(company, "same@acme.example", state=User.State.DEACTIVATED)
    active = make_user(company, "same@acme.example")
    assert list(User.objects.with_address("same@acme.example").holding_address()) == [active]


def test_two_companies_may_know_the_same_e_mail(company: Company, other_company: Company) -> None:
    users = {make_user(place, "same@example.com") for place in (company, other_company)}
    assert set(User.objects.with_address(" Same@Example.COM ")) == users


@pytest.mark.parametrize("name", ["Europe/Oslo", "UTC", "America/Argentina/Ushuaia"])
def test_a_time_zone_is_one_of_the_tz_database(company: Company, name: str) -> None:
    company.time_zone = name
    company.full_clean()
    assert zone_of(make_user(company, "a@acme.example")) == ZoneInfo(name)


@pytest.mark.parametrize("name", ["Oslo", "../etc/passwd", "europe/oslo", "GMT+25", " "])
def test_anything_else_is_no_time_zone(name: str) -> None:
    with pytest.raises(ValidationError):
        validate_time_zone(name)


@given(st.text(max_size=60).filter(lambda text: "\x00" not in text))
def test_any_text_makes_a_query_that_postgresql_understands(text: str) -> None:
    query = prefix_query(text)
    assert query is None or not User.objects.filter(search=query).exists()
