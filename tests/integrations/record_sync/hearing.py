"""A listener at work, and waiting for what it hears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import Connection, SyncRun, Watermark
from integrations.record_sync.listening import Listener
from integrations.record_sync.stream_runs import is_listening
from tests.waiting import happens

from .world import deal

PATIENCE = 30.0


def wait_for(true: Callable[[], object]) -> None:
    comes_true = happens(true, PATIENCE)
    assert comes_true, list(SyncRun.objects.values("kind", "state", "error"))


@contextmanager
def listened_to(connection: Connection) -> Iterator[threading.Thread]:
    """A listener at work, in a thread of its own as in the command."""
    listener = Listener(connection.pk)
    thread = threading.Thread(target=listener.run, daemon=True)
    thread.start()
    wait_for(lambda: is_open(connection) or not thread.is_alive())
    try:
        yield thread
    finally:
        listener.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def is_open(connection: Connection) -> bool:
    runs = SyncRun.objects.filter(connection=connection, kind=SyncRun.Kind.STREAM)
    return runs.exists() and is_listening(connection.pk)


def hears(org: DemoOrg, connection: Connection, owner: Row) -> None:
    """Wait until the stream itself brings what changes.

    A change of before the subscription is not brought, so there is another one after a while.
    """
    probe = deal(org, owner, StageName="Prospecting")["Id"]
    deadline = time.monotonic() + PATIENCE
    patience = 0.1
    while not happens(lambda: position(connection) == str(org.changes.tip), patience):
        assert time.monotonic() < deadline
        org.update("Opportunity", probe, NextStep="Call")
        patience *= 2


def position(connection: Connection) -> str:
    return Watermark.objects.get(connection=connection, object_name="Opportunity").replay_id


def polls(connection: Connection) -> int:
    return SyncRun.objects.filter(connection=connection, kind=SyncRun.Kind.POLL).count()
