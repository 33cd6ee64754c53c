"""The stream's process killed or told to end: another one listens, and nothing is lost."""

from __future__ import annotations

import signal

import pytest

from integrations import leases
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import Connection, Lease, SyncRun
from tests.integrations.record_sync.conftest import (  # noqa: F401 - fixtures
    company,
    connection,
    loopback,
    org,
)
from tests.integrations.record_sync.world import (
    account,
    deal,
    refresh_users,
    rep,
    reports,
    switched_on,
)
from tests.waiting import happens, wait_until

from .worker import Worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
TAKEN_OVER_WITHIN = 60.0
START_SECONDS = 40.0


def stream() -> Worker:
    return Worker(
        "salesforce_stream", SALESFORCE_ALLOW_LOOPBACK="true", BASE_URL="http://testserver"
    )


@pytest.fixture
def anna(org: DemoOrg, connection: Connection) -> Row:  # noqa: F811
    person = rep(org, "Anna")
    refresh_users(connection)
    account(connection, person)
    switched_on(connection)
    return person


def holder(connection: Connection) -> str:  # noqa: F811
    lease = Lease.objects.filter(name=leases.of_stream(connection.pk)).first()
    return lease.holder if lease is not None else ""


def test_killed_its_work_is_taken_over_within_a_minute(
    org: DemoOrg,  # noqa: F811
    connection: Connection,  # noqa: F811
    anna: Row,
) -> None:
    with stream() as first:
        wait_until(
            lambda: holder(connection).endswith(f":{first.process.pid}"),
            "the first stream listens",
            START_SECONDS,
        )
        seen = deal(org, anna)["Id"]
        wait_until(lambda: seen in reports(), "the deal is heard of", START_SECONDS)
        with stream() as second:
            first.kill()
            missed = deal(org, anna)["Id"]
            assert happens(lambda: missed in reports(), TAKEN_OVER_WITHIN)
            assert holder(connection).endswith(f":{second.process.pid}")


def test_told_to_end_it_ends_cleanly_and_gives_its_lease_back(
    org: DemoOrg,  # noqa: F811
    connection: Connection,  # noqa: F811
    anna: Row,
) -> None:
    with stream() as only:
        seen = deal(org, anna)["Id"]
        wait_until(lambda: seen in reports(), "the deal is heard of", START_SECONDS)
        only.process.send_signal(signal.SIGTERM)
        assert only.process.wait(20) == 0
    assert leases.is_free(leases.of_stream(connection.pk))
    runs = SyncRun.objects.filter(connection=connection, kind=SyncRun.Kind.STREAM)
    assert runs.get().state == SyncRun.State.DONE
