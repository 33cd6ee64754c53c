from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import Company, User
from accounts.usage import accounts_in_use
from activities import social
from activities.models import ActivityType
from activities.reports import retract
from activities.usage import left_behind
from tests.activities.making import make_report


def test_each_trace_of_use_is_found_in_one_query(
    company: Company,
    ann: User,
    ben: User,
    boss: User,
    stranger: User,
    deals: ActivityType,
    django_assert_num_queries: Any,
) -> None:
    report = make_report(ann, deals, "a")
    social.comment(report.pk, ben, "Well done")
    social.like(report.pk, boss)
    retract(company, ["a"], "Reopened.")
    with django_assert_num_queries(1):
        assert left_behind([ann.pk, ben.pk, boss.pk, stranger.pk]) == {
            ann.pk: "has activity reports",
            ben.pk: "has commented",
            boss.pk: "has liked a report",
        }


def test_who_liked_something_is_not_deleted_in_the_admin(
    client: Client, ann: User, ben: User, boss: User, deals: ActivityType
) -> None:
    client.force_login(boss)
    address = f"/admin/accounts/user/{ben.pk}/delete/"
    assert client.get(address).status_code == 200
    social.like(make_report(ann, deals).pk, ben)
    assert client.get(address).status_code == 403


def test_a_revert_counts_what_was_left_in_the_feed_as_use(
    ann: User, ben: User, boss: User, deals: ActivityType
) -> None:
    make_report(ann, deals)
    User.objects.filter(pk=ben.pk).update(last_login="2026-05-03T12:00Z")
    assert accounts_in_use([ann.pk, ben.pk, boss.pk]) == {
        ann.pk: "has activity reports",
        ben.pk: "has logged in",
    }
