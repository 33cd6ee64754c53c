"""The stream: told at the commit, ended with the access, and never held up by a slow reader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client

from accounts.models import Company, User
from activities import live, social
from activities.live import END, QUEUE_SIZE, Follower, Hub, hub
from activities.models import ActivityType
from activities.reports import retract
from tests.accounts.conftest import make_company, make_user
from tests.activities.making import make_report, make_type

STREAM = {"Accept": "text/event-stream"}

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Commit from elsewhere, as a worker does."""

    def run() -> Any:
        try:
            return function(*arguments, **options)
        finally:
            connections.close_all()

    return sync_to_async(run, thread_sensitive=False)()


async def next_event(events: AsyncIterator[bytes]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        async for event in events:
            if event.startswith(b"data: "):
                found: dict[str, Any] = json.loads(event.removeprefix(b"data: "))
                return found
    raise AssertionError("the stream ended")


async def opened(user: User, since: int = 0, team: str = "") -> AsyncIterator[bytes]:
    client = AsyncClient()
    await in_thread_login(client, user)
    response = await client.get(f"/feed/live/?since={since}&team={team}")
    assert response.status_code == 200, response
    return aiter(response)  # type: ignore[arg-type]


async def in_thread_login(client: AsyncClient, user: User) -> None:
    await client.aforce_login(user)


async def ended(events: AsyncIterator[bytes]) -> bool:
    async with asyncio.timeout(10):
        async for _ in events:
            pass
    return True


def followers() -> int:
    return sum(map(len, hub()._followers.values()))


async def finish() -> None:
    """Stop listening, as a process does at its end."""
    listener = hub()._listener
    if listener:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


@pytest.fixture
def people() -> tuple[User, User, ActivityType]:
    company = make_company("Acme")
    deals = make_type(company, "Deals", unit="money")
    return make_user(company, "a@acme.example"), make_user(company, "b@acme.example"), deals


def run(scenario: Callable[[], Any]) -> None:
    async def whole() -> None:
        try:
            await scenario()
        finally:
            await finish()

    asyncio.run(whole())


def test_what_is_committed_appears_and_what_is_taken_back_goes(
    people: tuple[User, User, ActivityType],
) -> None:
    ann, ben, deals = people

    async def scenario() -> None:
        events = await opened(ann)
        assert (await next_event(events))["shown"] == []
        report = await in_thread(make_report, ben, deals)
        told = await next_event(events)
        assert [item["id"] for item in told["shown"]] == [report.pk]
        await in_thread(retract, ben.company, ["k"], "Reopened.")
        assert (await next_event(events))["gone"] == [report.pk]

    run(scenario)


def test_what_was_missed_comes_first(people: tuple[User, User, ActivityType]) -> None:
    ann, ben, deals = people
    report = make_report(ben, deals)

    async def scenario() -> None:
        told = await next_event(await opened(ann, since=0))
        assert [item["id"] for item in told["shown"]] == [report.pk]
        assert (await next_event(await opened(ann, since=told["version"])))["shown"] == []

    run(scenario)


def test_another_companys_pages_hear_nothing(people: tuple[User, User, ActivityType]) -> None:
    ann, ben, deals = people
    stranger = make_user(make_company("Bolt"), "s@bolt.example")

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


def test_many_changes_at_once_are_all_told(people: tuple[User, User, ActivityType]) -> None:
    ann, ben, deals = people

    async def scenario() -> None:
        events = await opened(ann)
        await next_event(events)
        made = {(await in_thread(make_report, ben, deals, f"k{number}")).pk for number in range(20)}
        found: set[int] = set()
        while found != made:
            found |= {item["id"] for item in (await next_event(events))["shown"]}

    run(scenario)


def test_a_deactivated_account_loses_its_open_streams_at_once(
    people: tuple[User, User, ActivityType],
) -> None:
    ann, ben, _ = people

    async def scenario() -> None:
        own, other = await opened(ann), await opened(ben)
        await next_event(own)
        await next_event(other)
        await in_thread(lambda: User.objects.filter(pk=ann.pk).deactivate())
        assert await ended(own)
        assert followers() == 1

    run(scenario)


def test_who_loses_access_while_the_stream_opens_gets_none(
    people: tuple[User, User, ActivityType], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _, _ = people
    join = Hub.join

    async def too_late(hub: Hub, follower: Follower) -> None:
        await in_thread(lambda: User.objects.filter(pk=ann.pk).deactivate())
        await join(hub, follower)

    monkeypatch.setattr(Hub, "join", too_late)

    async def scenario() -> None:
        client = AsyncClient()
        await client.aforce_login(ann)
        assert (await client.get("/feed/live/?since=0&team=", headers=STREAM)).status_code == 401
        assert followers() == 0

    run(scenario)


def test_a_page_that_never_reads_is_dropped_and_the_others_go_on(
    people: tuple[User, User, ActivityType],
) -> None:
    ann, ben, deals = people

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
    people: tuple[User, User, ActivityType],
) -> None:
    ann, ben, deals = people

    async def scenario() -> None:
        events = await opened(ann)
        start = (await next_event(events))["version"]
        await in_thread(_end_listeners)
        assert await ended(events)
        report = await in_thread(make_report, ben, deals)
        told = await next_event(await opened(ann, since=start))
        assert [item["id"] for item in told["shown"]] == [report.pk]

    run(scenario)


def _end_listeners() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
        )


def test_without_the_database_the_page_is_told_to_ask(
    people: tuple[User, User, ActivityType], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _, _ = people
    monkeypatch.setattr(live, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(
        live, "_address", lambda: {"host": "127.0.0.1", "port": 9, "connect_timeout": 1}
    )

    async def scenario() -> None:
        client = AsyncClient()
        await client.aforce_login(ann)
        assert (await client.get("/feed/live/?since=0&team=")).status_code == 503

    run(scenario)


def test_a_process_without_an_event_loop_leaves_the_stream_to_others(
    people: tuple[User, User, ActivityType],
) -> None:
    client = Client()
    client.force_login(people[0])
    assert client.get("/feed/live/?since=0&team=").status_code == 503


@pytest.mark.parametrize("query", ["", "since=x", "since=-1", "since=" + "9" * 30])
def test_a_version_that_is_none_is_404(query: str, people: tuple[User, User, ActivityType]) -> None:
    client = Client()
    client.force_login(people[0])
    assert client.get(f"/feed/live/?{query}").status_code == 404


def test_a_stream_without_a_session_is_refused_and_not_led_to_the_log_in(db: None) -> None:
    assert Client().get("/feed/live/?since=0", headers=STREAM).status_code == 401
    assert Client().get("/feed/live/?since=0").status_code == 302


def test_a_report_for_one_company_is_rendered_once_for_all_its_pages(
    people: tuple[User, User, ActivityType],
) -> None:
    ann, ben, deals = people
    make_report(ben, deals)
    company: Company | None = ann.company
    assert company
    version, messages = live._messages(company.pk, 0, {("/", None), ("/embed/x/", None)})
    assert version == 1
    assert b"/embed/x/reports/" in messages["/embed/x/", None]
