"""Who gets a live stream, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from activities import live
from activities.live import Hub
from tests.activities.streams import (
    STREAM,
    asked,
    followers,
    in_thread,
    next_event,
    opened,
    rest_of,
    run,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("as_in_the_web")]


def test_a_deactivated_account_loses_its_open_streams_at_once(ann: User, ben: User) -> None:
    async def scenario() -> None:
        own, other = await opened(ann), await opened(ben)
        await next_event(own)
        await next_event(other)
        await in_thread(lambda: User.objects.filter(pk=ann.pk).deactivate())
        assert await rest_of(own) == []
        assert followers() == 1

    run(scenario)


def test_who_loses_access_while_the_stream_opens_is_told_nothing(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = Hub.join

    async def too_late(*arguments: Any) -> None:
        await in_thread(lambda: User.objects.filter(pk=ann.pk).deactivate())
        await join(*arguments)

    monkeypatch.setattr(Hub, "join", too_late)

    async def scenario() -> None:
        assert await rest_of(await opened(ann)) == []
        assert followers() == 0
        assert (await asked(ann)).status_code == 401

    run(scenario)


def test_who_leaves_before_the_first_read_is_not_followed(ann: User) -> None:
    async def scenario() -> None:
        answer = await asked(ann)
        assert answer.status_code == 200
        answer.close()
        assert followers() == 0

    run(scenario)


def test_a_stream_that_loses_the_database_as_it_opens_ends(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        listening = live.hub()._listening

        def goes(company_id: int) -> int:
            listening.clear()
            return 0

        monkeypatch.setattr("activities.feed.version_of", goes)
        assert await rest_of(await opened(ann)) == []
        assert followers() == 0

    run(scenario)


def test_without_the_database_the_page_is_told_to_ask(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(
        live, "_address", lambda: {"host": "127.0.0.1", "port": 9, "connect_timeout": 1}
    )

    async def scenario() -> None:
        assert (await asked(ann)).status_code == 503

    run(scenario)


def test_a_process_without_an_event_loop_leaves_the_stream_to_others(
    client: Client, ann: User
) -> None:
    client.force_login(ann)
    assert client.get("/feed/live/?since=0&team=").status_code == 503


@pytest.mark.parametrize("query", ["", "since=x", "since=-1", "since=" + "9" * 30])
def test_a_version_that_is_none_is_404(client: Client, query: str, ann: User) -> None:
    client.force_login(ann)
    assert client.get(f"/feed/live/?{query}").status_code == 404


def test_a_stream_without_a_session_is_refused_and_not_led_to_the_log_in(client: Client) -> None:
    assert client.get("/feed/live/?since=0", headers=STREAM).status_code == 401
    assert client.get("/feed/live/?since=0").status_code == 302
