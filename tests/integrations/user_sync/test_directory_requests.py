"""Who asks for a refresh: one at a time, and none without access."""

from __future__ import annotations

import threading

import pytest
from django.db import connection as database
from django_q.models import OrmQ

from accounts.models import AuditEntry, User
from integrations.models import Connection, SyncRun
from integrations.user_sync.directory import (
    accept_shrinking,
    refresh_directory,
    request_refresh,
)
from integrations.user_sync.errors import RefreshRefused
from integrations.user_sync.taking_up import take_up_work

State = SyncRun.State


def test_one_refresh_at_a_time(salesforce: Connection) -> None:
    first = request_refresh(salesforce, by=None)
    queued = OrmQ.objects.count()
    assert request_refresh(salesforce, by=None) == first
    assert OrmQ.objects.count() == queued


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_at_the_same_moment_one_is_queued(connection: Connection) -> None:
    start = threading.Barrier(5)
    runs: list[int] = []

    def ask() -> None:
        start.wait(10)
        try:
            runs.append(request_refresh(connection, by=None).pk)
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(runs) == 5
    assert len(set(runs)) == SyncRun.objects.count() == OrmQ.objects.count() == 1


@pytest.mark.parametrize("state", [Connection.State.PAUSED, Connection.State.TERMINATED])
def test_salesforce_is_not_asked_before_there_is_access_again(
    connection: Connection, state: str
) -> None:
    queued = request_refresh(connection, by=None)
    connection.state = state
    connection.save()
    with pytest.raises(RefreshRefused, match=connection.get_state_display().lower()):
        request_refresh(connection, by=None)
    refresh_directory(queued.pk)
    queued.refresh_from_db()
    assert queued.state == State.FAILED
    assert queued.attempts == 0
    tasks_before = OrmQ.objects.count()
    take_up_work()
    queued.refresh_from_db()
    assert (queued.state, OrmQ.objects.count()) == (State.FAILED, tasks_before)
    connection.state = Connection.State.CONNECTED
    connection.save()
    take_up_work()
    queued.refresh_from_db()
    assert queued.state == State.QUEUED, "within a minute"


def test_nothing_is_written_down_as_accepted_while_the_connection_is_paused(
    connection: Connection, admin: User
) -> None:
    run = request_refresh(connection, by=None)
    run.state = State.HELD
    run.save(update_fields=["state"])
    run.connection.state = Connection.State.PAUSED
    run.connection.save(update_fields=["state"])
    with pytest.raises(RefreshRefused, match="paused"):
        accept_shrinking(run, by=admin)
    assert not AuditEntry.objects.filter(action="directory.shrinking_accepted").exists()


def test_what_a_person_accepted_is_not_lost_in_a_refresh_that_is_under_way(
    connection: Connection,
) -> None:
    hourly = request_refresh(connection, by=None)
    accepted = request_refresh(connection, by=None, accepts_shrinking=True)
    hourly.refresh_from_db()
    assert (accepted, hourly.accepts_shrinking) == (hourly, True)
    SyncRun.objects.update(state=State.RUNNING, accepts_shrinking=False)
    behind = request_refresh(connection, by=None, accepts_shrinking=True)
    assert (behind == hourly, behind.accepts_shrinking) == (False, True)
    assert request_refresh(connection, by=None) == behind
