"""Many tabs at once, and one that never reads: real sockets to a real web process."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client

from accounts.models import Company, User
from activities.models import ActivityType
from activities.reports import record
from integrations.credentials import store_app_keys
from integrations.demo_org.canvas_tab import canvas_payload, signed
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Approach, Connection, UserMapping
from integrations.salesforce.tokens import AppKeys
from tests.accounts.conftest import make_company, make_user
from tests.activities.making import draft, make_report, make_type
from tests.waiting import happens
from tests.web_process import WebProcess, web_process

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

TABS = 1_000
PEOPLE = 10
#: As long as a browser waits for a page at all.
OPENED_WITHIN = 120.0
TOLD_WITHIN = 20.0
#: Of 50 kB each: more than the kernel and the server keep for a page.
COMMITS = 60


@pytest.fixture
def org(settings: Any) -> Iterator[DemoOrg]:
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    with run_in_thread(DemoOrg.believable(seed=5, people=PEOPLE + 2)) as running:
        yield running.org


@pytest.fixture
def company() -> Company:
    return make_company("Acme")


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    made = Connection.objects.create(
        company=company,
        login_url=org.url,
        instance_url=org.url,
        org_id=org.org_id,
        state=Connection.State.CONNECTED,
    )
    store_app_keys(made, AppKeys(CONSUMER_KEY, CONSUMER_SECRET))
    return made


@pytest.fixture
def people(company: Company, connection: Connection, org: DemoOrg) -> dict[str, User]:
    """Accounts by the ids of their Salesforce users."""
    found = {}
    for login in org.logins[1 : PEOPLE + 1]:
        user_id = str(org.user(login.username)["Id"])
        found[user_id] = make_user(company, login.username)
        UserMapping.objects.create(
            company=company,
            connection=connection,
            salesforce_user_id=user_id,
            account=found[user_id],
            approach=Approach.ON_DEMAND,
        )
    return found


@pytest.fixture
def web(people: dict[str, User]) -> Iterator[WebProcess]:
    cache.clear()
    with web_process(SALESFORCE_ALLOW_LOOPBACK="true") as process:
        yield process


@pytest.fixture
def deals(company: Company) -> ActivityType:
    return make_type(company, "Deals", unit="money")


@dataclass(frozen=True)
class Tab:
    """A page that came back, with what its script needs to follow the feed."""

    bearer: str
    version: str


def test_a_thousand_tabs_that_open_at_once_all_show_and_follow_the_feed(
    web: WebProcess,
    connection: Connection,
    org: DemoOrg,
    people: dict[str, User],
    deals: ActivityType,
) -> None:
    requests = [signed(canvas_payload(org, user_id), CONSUMER_SECRET) for user_id in people]
    author = next(iter(people.values()))

    async def scenario() -> tuple[int, int, int]:
        async with asyncio.timeout(OPENED_WITHIN):
            answers = await asyncio.gather(
                *(_opened(web, connection.key, requests[n % PEOPLE]) for n in range(TABS))
            )
        tabs = [tab for tab in answers if tab is not None]
        streams, following = [], 0
        for tab in tabs:
            streams.append(await _stream_of(web, connection.key, tab))
            following += await _says(streams[-1], b'"shown": []}\n\n')
        await asyncio.to_thread(_committed, author, deals)
        told = await asyncio.gather(*(_says(stream, b"Deal k") for stream in streams))
        return len(tabs), following, sum(told)

    opened, following, told = asyncio.run(scenario())
    assert (opened, following, told) == (TABS, TABS, TABS)


def _committed(author: User, deals: ActivityType) -> None:
    """In a thread, whose connection would stay."""
    try:
        make_report(author, deals)
    finally:
        connections.close_all()


async def _opened(web: WebProcess, key: str, signed_request: str) -> Tab | None:
    """None where anything else than the feed came back."""
    body = urlencode({"signed_request": signed_request}).encode()
    head = (
        f"POST /embed/{key}/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port, limit=2**20)
    writer.write(head.encode() + body)
    page = (await reader.read()).decode()
    writer.close()
    bearer, version = (
        re.search(rf'{name}="([^"]+)"', page) for name in ("data-bearer", "data-version")
    )
    if not (page.startswith("HTTP/1.1 200") and bearer and version):
        return None
    return Tab(bearer[1], version[1])


async def _stream_of(web: WebProcess, key: str, tab: Tab) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port, limit=2**20)
    writer.write(
        f"GET /embed/{key}/feed/live/?since={tab.version}&team= HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {tab.bearer}\r\n\r\n".encode()
    )
    reader.writer = writer  # type: ignore[attr-defined] # it would close with its last reference
    return reader


async def _says(stream: asyncio.StreamReader, words: bytes) -> bool:
    """Read until the words have come; false when the stream ends or is silent before."""
    try:
        async with asyncio.timeout(TOLD_WITHIN):
            await stream.readuntil(words)
    except (TimeoutError, asyncio.IncompleteReadError):
        return False
    return True


def test_a_tab_that_never_reads_is_cut_off_and_holds_nobody_up(
    web: WebProcess, company: Company, people: dict[str, User], deals: ActivityType
) -> None:
    author = next(iter(people.values()))
    client = Client()
    client.force_login(author)
    cookie = client.cookies["sessionid"].value
    with _stream(web, cookie, receives=4096) as stuck, _stream(web, cookie) as reading:
        events = reading.makefile("rb")
        _next_event(events)
        for number in range(COMMITS):
            title = f"{number} " + "x" * 200
            drafts = [draft(f"{number}-{n}", author, deals, title=title) for n in range(20)]
            record(company, drafts)
            assert title in _next_event(events)
        assert happens(lambda: not _is_established(web, stuck), 60)
        assert _is_established(web, reading)


def _stream(web: WebProcess, cookie: str, receives: int = 0) -> socket.socket:
    """A socket on which the stream was asked for; the kernel keeps few bytes for it."""
    page = socket.socket()
    if receives:
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    page.settimeout(TOLD_WITHIN)
    page.connect(("127.0.0.1", web.port))
    page.sendall(
        b"GET /feed/live/?since=0&team= HTTP/1.1\r\nHost: localhost\r\n"
        b"Cookie: sessionid=" + cookie.encode() + b"\r\n\r\n"
    )
    return page


def _next_event(events: BinaryIO) -> str:
    while line := events.readline():
        if line.startswith(b"data: "):
            return line.decode()
    raise AssertionError("the stream ended")


def _is_established(web: WebProcess, page: socket.socket) -> bool:
    """Whether the server still keeps its end of this connection."""
    ends = f":{web.port:04X} 0100007F:{page.getsockname()[1]:04X} 01 "
    return any(ends in line for line in Path("/proc/net/tcp").read_text().splitlines())
