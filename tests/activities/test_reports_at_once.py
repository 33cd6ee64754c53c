"""Many write and read one company's reports at once, each with a connection of their own."""

from __future__ import annotations

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Company, User
from activities import social
from activities.drafts import ReportDraft
from activities.models import ActivityReport, ActivityType, Feed, Like
from activities.reports import Recorded, record, retract
from tests.activities.making import draft
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def of_ann(ann: User, deals: ActivityType) -> partial[ReportDraft]:
    return partial(draft, user=ann, type_=deals)


class Follower:
    """An open page: catches up again and again, and keeps what it was told."""

    COLUMNS = ("id", "user_id", "value", "retracted_at", "feed_version")

    def __init__(self, company: Company) -> None:
        self.company, self.version, self.rounds = company, 0, 0
        self.known: dict[int, tuple[Any, ...]] = {}

    def follow(self, may_stop: threading.Event) -> None:
        while not may_stop.is_set():
            self.catch_up()

    def catch_up(self) -> None:
        version = Feed.objects.values_list("version", flat=True).get(company=self.company)
        changed = ActivityReport.objects.filter(
            company=self.company, feed_version__gt=self.version
        ).values_list(*self.COLUMNS)
        self.known |= {row[0]: row for row in changed}
        self.version, self.rounds = version, self.rounds + 1


def write_at_random(company: Company, of_ann: partial[ReportDraft], ann: User, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(30):
        keys = chance.sample([str(number) for number in range(40)], 8)
        with transaction.atomic():
            if chance.random() < 0.7:
                record(company, [of_ann(key, value=Decimal(chance.randrange(5))) for key in keys])
            else:
                retract(company, keys, "Gone.")
            transaction.set_rollback(chance.random() < 0.2)
        ids = ActivityReport.objects.filter(company=company).values_list("id", flat=True)
        with contextlib.suppress(social.Refused):  # it may just have been taken back
            chance.choice([social.like, social.unlike])(chance.choice(list(ids)), ann)


def test_who_catches_up_while_many_write_misses_nothing(
    company: Company, ann: User, of_ann: partial[ReportDraft]
) -> None:
    record(company, [of_ann("0")])
    followers, may_stop = [Follower(company), Follower(company)], threading.Event()
    with ThreadPoolExecutor(6) as pool:
        following = [in_own_connection(pool, partial(one.follow, may_stop)) for one in followers]
        try:
            writers = [
                in_own_connection(pool, partial(write_at_random, company, of_ann, ann, seed))
                for seed in range(4)
            ]
            for future in writers:
                future.result(60)
        finally:
            may_stop.set()
        for future in following:
            future.result(60)

    kept = ActivityReport.objects.filter(company=company).values_list(*Follower.COLUMNS)
    for follower in followers:
        assert follower.rounds > 5
        follower.catch_up()
        assert follower.known == {row[0]: row for row in kept}


def test_a_later_version_is_never_seen_before_an_earlier_one(
    company: Company, of_ann: partial[ReportDraft]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            record(company, [of_ann("slow")])
            quick = in_own_connection(pool, lambda: record(company, [of_ann("quick")]))
            wait_until_somebody_waits_for_a_lock()
            assert not ActivityReport.objects.filter(source_key="quick").exists()
        assert quick.result(30) == Recorded(added=1)
    versions = dict(ActivityReport.objects.values_list("source_key", "feed_version"))
    assert versions == {"slow": 1, "quick": 2}


def test_the_same_batch_by_four_at_once_is_written_once(
    company: Company, of_ann: partial[ReportDraft]
) -> None:
    drafts = [of_ann(str(number)) for number in range(300)]
    start = threading.Barrier(4)

    def write() -> Recorded:
        start.wait(30)
        return record(company, drafts)

    with ThreadPoolExecutor(4) as pool:
        writers = [in_own_connection(pool, write) for _ in range(4)]
        results = [future.result(60) for future in writers]
    assert sorted(one.added for one in results) == [0, 0, 0, 300]
    assert sum(one.changed + one.brought_back for one in results) == 0


def test_a_like_and_a_take_back_at_once_leave_no_late_like(
    company: Company, ann: User, of_ann: partial[ReportDraft]
) -> None:
    record(company, [of_ann("a")])
    report = ActivityReport.objects.get()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            retract(company, ["a"], "Reopened.")
            fan = in_own_connection(pool, lambda: social.like(report.pk, ann))
            wait_until_somebody_waits_for_a_lock()
        with pytest.raises(social.Refused):
            fan.result(30)
    assert not Like.objects.exists()
