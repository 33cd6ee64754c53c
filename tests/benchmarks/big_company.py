"""A company of 50,000 Salesforce users, and what a benchmark measures with it.

Prints seconds, and the memory that the process had at most: ``pytest -m nightly -n 0 -s``.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, User
from integrations.models import Connection, SyncPlan
from integrations.user_sync import applying, approving

PEOPLE = 50_000
#: Seconds, on an idle machine.
LONGEST_PAGE = 0.3
#: Of a page, however many people there are.
MOST_QUERIES = 40


@contextmanager
def timed(what: str, at_most: float) -> Iterator[None]:
    started, cpu = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    used = time.process_time() - cpu
    print(f"\n{what}: {seconds:.1f} s ({used:.1f} s of CPU here), at most {memory} MB")  # noqa: T201
    assert seconds < at_most


def big_company() -> tuple[Connection, User]:
    """Its connection and its admin."""
    company = Company.objects.create(name="Big", slug="big", time_zone="UTC", currency="EUR")
    dana = User.objects.create_user(company=company, email="dana@example.com", role=User.Role.ADMIN)
    salesforce = Connection.objects.create(
        company=company, login_url="https://x.salesforce.com", state=Connection.State.CONNECTED
    )
    return salesforce, dana


def analyze() -> None:
    """What autovacuum does within a minute, so that the planner knows how big the tables are."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def look_at(client: Client, what: str, address: str, at_most: float = LONGEST_PAGE) -> None:
    """The fastest of some requests of a page, which says most where others use the machine too."""
    with CaptureQueriesContext(database) as queries:
        assert client.get(address).status_code == 200
    number = len(queries)
    seconds = []
    for _ in range(7):
        started = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - started)
    print(f"\n{what}: {1000 * min(seconds):.0f} ms, {number} queries")  # noqa: T201
    assert number <= MOST_QUERIES
    assert min(seconds) < at_most


def apply(plan: SyncPlan, by: User, what: str, at_most: float) -> None:
    approving.approve(plan, by=by)
    with timed(what, at_most):
        while applying.apply_plan(plan.pk) != applying.Ended.DONE:
            plan.refresh_from_db()
            assert plan.state == SyncPlan.State.APPLYING
    plan.refresh_from_db()
