"""What is written down of listening."""

from __future__ import annotations

import pytest
from django.db.models import F

from accounts.models import Company
from integrations.models import Connection, SyncRun
from integrations.record_sync.stream_runs import StreamRun
from integrations.salesforce.errors import ConfigurationError

MISSING = ConfigurationError("The key is missing.")


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.objects.create(company=company, login_url="https://acme.my.salesforce.com")


@pytest.mark.parametrize("opens", [True, False])
def test_what_fails_like_the_last_time_is_not_another_row(
    connection: Connection, opens: bool
) -> None:
    for _ in range(3):
        run = StreamRun(connection)
        if opens:
            run.began()
        run.failed(MISSING)
    only = SyncRun.objects.get()
    assert (only.state, only.attempts, only.error) == (SyncRun.State.FAILED, 3, MISSING.message)


def test_what_heard_something_keeps_its_row_also_when_it_fails_like_the_last_time(
    connection: Connection,
) -> None:
    for _ in range(2):
        run = StreamRun(connection)
        run.began()
        SyncRun.objects.filter(state=SyncRun.State.RUNNING).update(read=F("read") + 1)
        run.failed(MISSING)
    assert SyncRun.objects.filter(state=SyncRun.State.FAILED, attempts=1).count() == 2
