"""What open pages are told: each commit at once, to nobody else, and not held up by a slow one."""

from __future__ import annotations

import asyncio
import json

import pytest
from django.db import connection

from accounts.models import User
from activities import live, social
from activities.live import END, QUEUE_SIZE, Follower, hub
from activities.models import ActivityType
from activities.reports import retract
from tests.activities.making import make_report
from tests.activities.streams import followers, in_thread, next_event, opened, rest_of, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("as_in_the_web")]


def test_what_is_committed_appears_and_what_is_taken_back_goes(
    ann: User, ben: User, deals: ActivityType
) -> None:
    async def scenario() -> None:
        events = await opened(ann)
        assert (await next_event(events))["shown"] == []
        report = await in_thread(make_report, ben, deals)
        told = await next_event(events)
        assert [item["id"] for item in told["shown"]] == [report.pk]
        await in_thread(retract, ben.company, ["k"], "Reopened.")
        assert (await next_event(events))["gone"] == [report.pk]

    run(scenario)


def test_what_was_missed_comes_first(ann: User, ben: User, deals: ActivityType) -> None:
    report = make_report(ben, deals)

    async def scenario() -> None:
        told = await next_event(await opened(ann, since=0))
        assert [item["id"] for item in told["shown"]] == [report.pk]
        assert (await next_event(await opened(ann, since=told["version"])))["shown"] == []

    run(scenario)


def test_another_companys_pages_hear_nothing(
    ann: User, ben: User, stranger: User, deals: ActivityType
) -> None:
    async def scenario() -> None:
        own, theirs = await opened(ann), await opened(stranger)
        await next_event(own)
        await next_event(theirs)
        await in_thread(make_report, ben, deals)
        assert (await next_event(own))["shown"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(theirs)

    run(scenario)


def test_many_changes_at_once_are_all_told(ann: User, ben: User, deals: ActivityType) -> None:
    async def scenario() -> None:
        events = await opened(ann)
        await next_event(events)
        made = {(await in_thread(make_report, ben, deals, f"k{number}")).pk for number in range(20)}
        found: set[int] = set()
        while len(found) < len(made):
            found |= {item["id"] for item in (await next_event(events))["shown"]}
        assert found == made

    run(scenario)


def test_a_page_that_never_reads_is_dropped_and_the_others_go_on(
    ann: User, ben: User, deals: ActivityType
) -> None:
    async def scenario() -> None:
        reading = await opened(ben)
        await next_event(reading)
        assert ann.company_id
        stuck = Follower(ann.company_id, ann.pk, "/", None)
        await hub().join(stuck)
        report = await in_thread(make_report, ann, deals)
        for _ in range(QUEUE_SIZE + 2):
            await in_thread(social.like, report.pk, ben)
            await next_event(reading)
            await in_thread(social.unlike, report.pk, ben)
            await next_event(reading)
            if stuck.queue.qsize() == 1 and stuck not in hub()._followers[ann.company_id]:
                break
        assert stuck.queue.get_nowait() == END
        assert followers() == 1

    run(scenario)


def test_when_the_database_goes_every_page_catches_up_by_itself(
    ann: User, ben: User, deals: ActivityType
) -> None:
    async def scenario() -> None:
        events = await opened(ann)
        start = (await next_event(events))["version"]
        await in_thread(_end_listeners)
        assert await rest_of(events) == []
        report = await in_thread(make_report, ben, deals)
        told = await next_event(await opened(ann, since=start))
        assert [item["id"] for item in told["shown"]] == [report.pk]

    run(scenario)


def _end_listeners() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
        )


def test_each_kind_of_page_is_told_of_a_report_with_its_own_addresses(
    ann: User, ben: User, deals: ActivityType
) -> None:
    report = make_report(ben, deals)
    assert ann.company
    version, messages = live._messages(ann.company.pk, 0, {("/", None), ("/embed/x/", None)})
    assert version == 1
    for (at, _), message in messages.items():
        (shown,) = json.loads(message.removeprefix(b"data: "))["shown"]
        assert f'href="{at}reports/{report.pk}/"' in shown["html"]
    assert len(messages) == 2
