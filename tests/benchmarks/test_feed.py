"""The feed at 1,000,000 reports and 5,000 people, against a static answer of the same server, and
2,000 open pages on one process: ``pytest -m nightly -n 0 -s tests/benchmarks/test_feed.py``.

The client is Python on the same machine, so ratios are a little kinder than the server alone.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from activities import social
from activities.feed import Place
from activities.models import ActivityReport, ActivityType
from tests.accounts.conftest import make_company
from tests.activities.making import make_report, make_type
from tests.web_process import WebProcess, web_process

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]

REPORTS = int(os.environ.get("BENCHMARK_REPORTS", "1000000"))
PEOPLE = 5_000
STREAMS = int(os.environ.get("BENCHMARK_STREAMS", "2000"))
SECONDS = float(os.environ.get("BENCHMARK_SECONDS", "6"))
CLIENTS = 4
COMMITS = 20
FILL = """
    INSERT INTO activities_activityreport (company_id, user_id, team_id, type_id, value, currency,
        title, link, occurred_on, published_at, source_key, feed_version, retracted_reason,
        created_at)
    SELECT %(company)s, %(first)s + n %% %(people)s, NULL, %(type)s, n %% 5000, 'EUR', 'Deal ' || n,
        'https://acme.my.salesforce.com/' || n, (now() - n * interval '8 seconds')::date,
        now() - n * interval '8 seconds', 'fill:' || n, 1, '', now()
    FROM generate_series(1, %(reports)s) n
"""


@dataclass(frozen=True)
class Site:
    web: WebProcess
    cookie: str
    user: User
    type: ActivityType


@pytest.fixture
def site() -> Iterator[Site]:
    company = make_company("Acme")
    deals = make_type(company, "Deals", unit="money")
    people = User.objects.bulk_create(
        User(company=company, email=f"p{n}@acme.example", name=f"Person {n}", password="!")
        for n in range(PEOPLE)
    )
    with connection.cursor() as cursor:
        values = {"company": company.pk, "first": people[0].pk, "people": PEOPLE}
        # The rows are right by construction; a million checks of it would take minutes.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(FILL, values | {"type": deals.pk, "reports": REPORTS})
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("ANALYZE activities_activityreport")
    client = Client()
    client.force_login(people[0])
    cookie = client.cookies["sessionid"].value
    with web_process(DJANGO_SETTINGS_MODULE="tests.benchmarks.feed_settings") as web:
        yield Site(web, cookie, people[0], deals)


def rate(site: Site, path: str, status: int = 200, **headers: str) -> tuple[float, float]:
    """Requests a second, and the median seconds of one."""
    ends_at = time.monotonic() + SECONDS

    def go() -> list[float]:
        http = HTTPConnection("127.0.0.1", site.web.port)
        http.connect()
        http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        spent = []
        while (started := time.monotonic()) < ends_at:
            http.request("GET", path, headers={"Cookie": f"sessionid={site.cookie}", **headers})
            answer = http.getresponse()
            answer.read()
            assert answer.status == status, (path, answer.status)
            spent.append(time.monotonic() - started)
        return spent

    with ThreadPoolExecutor(CLIENTS) as pool:
        spent = [each for found in pool.map(lambda _: go(), range(CLIENTS)) for each in found]
    return len(spent) / SECONDS, statistics.median(spent)


def fetched(site: Site, path: str) -> tuple[str, str]:
    http = HTTPConnection("127.0.0.1", site.web.port)
    http.request("GET", path, headers={"Cookie": f"sessionid={site.cookie}"})
    answer = http.getresponse()
    return answer.read().decode(), answer.headers.get("ETag", "")


def test_pages_against_a_static_answer(site: Site) -> None:
    _, etag = fetched(site, "/feed/")
    deep = ActivityReport.objects.order_by("-published_at")[REPORTS // 2]
    place = Place(deep.published_at, deep.pk)
    paths = {
        "static": ("/static-bytes/", 200, {}),
        "feed, first page": ("/feed/", 200, {}),
        "feed, deep page": (f"/feed/?after={place}", 200, {}),
        "feed, 304": ("/feed/", 304, {"If-None-Match": etag}),
        "leaderboard, week": ("/leaderboard/?period=week", 200, {}),
        "leaderboard, quarter": ("/leaderboard/?period=quarter", 200, {}),
    }
    rates: dict[str, list[float]] = {name: [] for name in paths}
    medians: dict[str, float] = {}
    for _ in range(3):
        for name, (path, status, headers) in paths.items():
            each, medians[name] = rate(site, path, status, **headers)
            rates[name].append(each)
    static = statistics.median(rates["static"])
    for name, found in rates.items():
        middle = statistics.median(found)
        print(  # noqa: T201
            f"{name}: {middle:.0f}/s, {medians[name] * 1000:.1f} ms, ratio {middle / static:.2f}"
        )
    first = statistics.median(rates["feed, first page"])
    assert first / static >= 0.10
    assert statistics.median(rates["feed, 304"]) / static >= 0.35
    assert first / statistics.median(rates["feed, deep page"]) <= 1.2


async def _follow(site: Site, since: int, heard: list[tuple[int, float]]) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.web.port)
    writer.write(
        f"GET /feed/live/?since={since}&team= HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: sessionid={site.cookie}\r\n\r\n".encode()
    )
    async with asyncio.timeout(60):
        await reader.readuntil(b"\n\n")

    async def listen() -> None:
        while True:
            event = await reader.readuntil(b"\n\n")
            if found := re.search(rb'"version": (\d+)', event):
                heard.append((int(found[1]), time.monotonic()))

    task = asyncio.create_task(listen())
    writer.listener = task  # type: ignore[attr-defined] # kept from being collected
    return writer


def test_two_thousand_open_pages_hear_of_a_commit_at_once(site: Site) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000), hard))
    report = make_report(site.user, site.type, "live")
    before = site.web.megabytes
    assert asyncio.run(_delay_of_most(site, report.pk, before)) < 0.5


async def _delay_of_most(site: Site, report_id: int, before: int) -> float:
    """Seconds within which 95 of 100 pages heard of a commit."""
    since = int(re.search(r'data-version="(\d+)"', fetched(site, "/feed/")[0])[1])  # type: ignore[index]
    heard: list[tuple[int, float]] = []
    started = time.monotonic()
    writers: list[asyncio.StreamWriter] = []
    for _ in range(0, STREAMS, 50):
        writers += await asyncio.gather(*(_follow(site, since, heard) for _ in range(50)))
    opened = time.monotonic() - started
    delays: list[float] = []
    loop = asyncio.get_running_loop()
    for number in range(COMMITS):
        heard.clear()
        change = social.like if number % 2 == 0 else social.unlike
        committed = await loop.run_in_executor(None, _committed, change, report_id, site.user)
        async with asyncio.timeout(20):
            while len(heard) < STREAMS:
                await asyncio.sleep(0.01)
        delays += [at - committed for _, at in heard]
    delays.sort()
    of_most = delays[int(len(delays) * 0.95)]
    memory = site.web.megabytes
    print(  # noqa: T201
        f"{STREAMS} pages opened in {opened:.1f} s; delay median {delays[len(delays) // 2]:.3f} s,"
        f" p95 {of_most:.3f} s; memory {before} -> {memory} MB"
    )
    for writer in writers:
        writer.close()
    return of_most


def _committed(change: object, report_id: int, user: User) -> float:
    try:
        change(report_id, user)  # type: ignore[operator]
        return time.monotonic()
    finally:
        connection.close()
