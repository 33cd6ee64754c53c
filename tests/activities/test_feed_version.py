from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from accounts.models import Company, Team, User
from activities.feed_version import CHANNEL, raise_version
from activities.models import ActivityType, Feed
from activities.reports import record
from tests.activities.making import draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def listener(company: Company) -> Iterator[psycopg.Connection]:
    parameters = connection.get_connection_params()
    keys = ("host", "port", "user", "password", "dbname")
    known = {key: parameters[key] for key in keys if parameters.get(key)}
    with psycopg.connect(**known, autocommit=True) as listening:
        listening.execute(f"LISTEN {CHANNEL}")
        yield listening


def heard(listener: psycopg.Connection) -> list[str]:
    """What was told until now: our own word, told last, ends the waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, 'that is all')", [CHANNEL])
    payloads: list[str] = []
    for notice in listener.notifies(timeout=30):
        if notice.payload == "that is all":
            return payloads
        payloads.append(notice.payload)
    pytest.fail("Nothing was heard.")


def test_a_company_is_told_once_a_transaction(
    listener: psycopg.Connection, company: Company, ann: User, deals: ActivityType
) -> None:
    with transaction.atomic():
        record(company, [draft("a", ann, deals)])
        record(company, [draft("b", ann, deals)])
        User.objects.update(name="Renamed")
    assert heard(listener) == [str(company.pk)]


def test_what_is_undone_or_changes_nothing_is_not_told(
    listener: psycopg.Connection, company: Company, ann: User, deals: ActivityType
) -> None:
    record(company, [draft("a", ann, deals)])
    assert heard(listener) == [str(company.pk)]
    record(company, [draft("a", ann, deals)])
    with transaction.atomic():
        record(company, [draft("b", ann, deals)])
        transaction.set_rollback(True)
    assert heard(listener) == []


@pytest.mark.usefixtures("ann")
def test_hiding_somebody_and_renaming_a_team_are_told_by_the_database(
    listener: psycopg.Connection, company: Company
) -> None:
    User.objects.filter(company=company).update(hide_from_feed=True)
    assert heard(listener) == [str(company.pk)]
    Team.objects.update(name="Renamed")
    assert heard(listener) == [str(company.pk)]


def test_each_company_counts_its_own_versions(company: Company, other_company: Company) -> None:
    assert [raise_version(company.pk) for _ in range(3)] == [1, 2, 3]
    assert raise_version(other_company.pk) == 1
    assert set(Feed.objects.values_list("company", "version")) == {
        (company.pk, 3),
        (other_company.pk, 1),
    }
