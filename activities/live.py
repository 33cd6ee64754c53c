"""New reports on every open page: one listening connection a process, fanned out in memory.

The database tells at the commit which company's feed changed. What changed is read and rendered
once for all pages that show the same, and put into the queue of each. Nothing is kept for whoever
is away: a page says which version it shows, and reads the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection

from accounts.waiting import in_thread
from activities import feed
from activities.feed import Changes
from activities.feed_version import CHANNEL
from activities.rendering import report_html

logger = logging.getLogger(__name__)

#: Told by triggers when an account's access changes; the payload is the account's id.
ACCESS_CHANNEL = "scoreline_access"
#: Messages that may wait for a slow page; one more, and it must catch up by itself.
QUEUE_SIZE = 32
#: Changes within this time are told together.
BREATH_SECONDS = 0.05
CONNECT_SECONDS = 5.0
_PROBE_SECONDS = 20.0
#: The last message of a stream.
END: Final = b""


class NotListening(Exception):
    """The database cannot be listened to now, so nothing may be promised."""


@dataclass(eq=False)
class Follower:
    """One open page."""

    company_id: int
    user_id: int
    at: str
    team_id: int | None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE_SIZE))

    @property
    def shows(self) -> tuple[str, int | None]:
        """Pages for which this is the same are told the same."""
        return self.at, self.team_id

    def tell(self, message: bytes) -> bool:
        """Whether the page keeps up; else its stream ends, and it catches up by itself."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.end()
            return False
        return True

    def end(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(END)


class Hub:
    """All open pages of one process."""

    def __init__(self) -> None:
        self._followers: dict[int, set[Follower]] = defaultdict(set)
        self._told: dict[int, int] = {}  # company -> the version that its pages have been told
        self._changed: set[int] = set()
        self._telling: dict[int, asyncio.Task[None]] = {}
        self._listening = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Return when the database is listened to. Raises `NotListening`."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._listening.wait()
        except TimeoutError as error:
            raise NotListening from error

    async def join(self, follower: Follower) -> None:
        """From now on the follower misses nothing. Raises `NotListening`."""
        await self.ready()
        company_id = follower.company_id
        if company_id not in self._told:
            version = await in_thread(feed.version_of, company_id)
            if not self._listening.is_set():  # the end of all streams came too early for this one
                raise NotListening
            self._told.setdefault(company_id, version)
        self._followers[company_id].add(follower)

    def leave(self, follower: Follower) -> None:
        followers = self._followers.get(follower.company_id, set())
        followers.discard(follower)
        if not followers:
            self._followers.pop(follower.company_id, None)
            self._told.pop(follower.company_id, None)

    # --- hearing

    async def _listen(self) -> None:
        """Listen for ever. After a gap nobody knows what was missed, so all pages catch up."""
        while True:
            try:
                await self._listen_once()
            except (psycopg.Error, OSError) as error:
                logger.warning("live pages are without the database: %s", type(error).__name__)
            finally:
                self._listening.clear()
                self._end_all()
            await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True) as listener:
            await listener.execute(f"LISTEN {CHANNEL}")
            await listener.execute(f"LISTEN {ACCESS_CHANNEL}")
            self._listening.set()
            while True:
                async for told in listener.notifies(timeout=_PROBE_SECONDS):
                    self._hear(told.channel, int(told.payload))
                await listener.execute("SELECT 1")  # a connection that died in silence says so

    def _hear(self, channel: str, number: int) -> None:
        if channel == ACCESS_CHANNEL:
            self._end_where(user_id=number)
        elif self._followers.get(number):
            self._changed.add(number)
            if number not in self._telling:
                self._telling[number] = asyncio.create_task(self._tell(number))

    def _end_where(self, user_id: int) -> None:
        for followers in self._followers.values():
            for follower in followers:
                if follower.user_id == user_id:
                    follower.end()

    def _end_all(self) -> None:
        self._told.clear()
        for followers in self._followers.values():
            for follower in followers:
                follower.end()

    # --- telling

    async def _tell(self, company_id: int) -> None:
        try:
            while company_id in self._changed:
                self._changed.discard(company_id)
                await self._tell_once(company_id)
                await asyncio.sleep(BREATH_SECONDS)
        except Exception:
            # Whatever it was: the pages read by themselves what they were not told.
            logger.exception("the pages of company %s could not be told", company_id)
            for follower in self._followers.get(company_id, ()):
                follower.end()
        finally:
            del self._telling[company_id]

    async def _tell_once(self, company_id: int) -> None:
        followers = self._followers.get(company_id, set())
        told = self._told.get(company_id)
        if not followers or told is None:
            return
        shown = {follower.shows for follower in followers}
        version, messages = await in_thread(_messages, company_id, told, shown)
        # Somebody who joined while that was read may show something else; they have caught up
        # by themselves to a version that is not below the one they would be told from next.
        for follower in list(self._followers.get(company_id, ())):
            message = messages.get(follower.shows)
            if message is None:
                follower.end()
            elif not follower.tell(message):
                self.leave(follower)
        if company_id in self._told:
            self._told[company_id] = version


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop; a server has one."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(KeyError):
        return _hubs[loop]
    made = _hubs[loop] = Hub()
    return made


def as_payload(changes: Changes, at: str, zone: str) -> dict[str, Any]:
    """The changes as the page's script takes them."""
    return {
        "version": changes.version,
        "whole": changes.is_whole,
        "gone": changes.gone,
        "shown": [{"id": item.id, "html": report_html(item, at, zone)} for item in changes.shown],
    }


def _messages(
    company_id: int, told: int, shown: set[tuple[str, int | None]]
) -> tuple[int, dict[tuple[str, int | None], bytes]]:
    """What to tell each kind of page, and the version they know then: the least that was read."""
    nobody = 0  # whether the viewer likes a report is known to the page itself
    by_team = {
        team_id: feed.since(company_id, nobody, told, team_id=team_id)
        for team_id in {team_id for _, team_id in shown}
    }
    messages = {
        (at, team_id): b"data: "
        + json.dumps(as_payload(by_team[team_id], at, "UTC")).encode()
        + b"\n\n"
        for at, team_id in shown
    }
    return min(changes.version for changes in by_team.values()), messages


def _address() -> dict[str, Any]:
    """The database as Django knows it, without the pool: this connection is kept."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "pool"):
        parameters.pop(name, None)
    return {
        **parameters,
        "connect_timeout": int(CONNECT_SECONDS),
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
