"""Live streams as pages read them, each test with an event loop of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient

from accounts.models import User
from activities.live import hub

STREAM = {"Accept": "text/event-stream"}
PATIENCE = 10.0


def run(scenario: Callable[[], Any]) -> None:
    """Run it as a web process would, and end as one does: nobody listens, no session is open."""

    async def whole() -> None:
        try:
            await scenario()
        finally:
            await _stop_listening()
            await sync_to_async(connections.close_all)()

    asyncio.run(whole())


async def _stop_listening() -> None:
    listener = hub()._listener
    if listener:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


def in_thread(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Commit from elsewhere, as a worker does."""

    def run() -> Any:
        try:
            return function(*arguments, **options)
        finally:
            connections.close_all()

    return sync_to_async(run, thread_sensitive=False)()


async def asked(user: User, since: int = 0, team: str = "") -> Any:
    """The answer to a page that asks for a stream; nothing of it is read yet."""
    client = AsyncClient()
    await client.aforce_login(user)
    return await client.get(f"/feed/live/?since={since}&team={team}", headers=STREAM)


async def opened(user: User, since: int = 0, team: str = "") -> AsyncIterator[bytes]:
    answer = await asked(user, since, team)
    assert answer.status_code == 200, answer
    return aiter(answer)


async def next_event(events: AsyncIterator[bytes]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        async for event in events:
            if event.startswith(b"data: "):
                found: dict[str, Any] = json.loads(event.removeprefix(b"data: "))
                return found
    raise AssertionError("the stream ended")


async def rest_of(events: AsyncIterator[bytes]) -> list[bytes]:
    """What comes until the stream ends, which it must."""
    async with asyncio.timeout(PATIENCE):
        return [event async for event in events]


def followers() -> int:
    return sum(map(len, hub()._followers.values()))
