"""Keeping the streams of all connections open, each in one process, by whoever takes its lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection

from django.db import DatabaseError
from django.db import connection as database

from integrations import leases
from integrations.leases import LeaseTaken

from .describing import followed_connections
from .listening import Listener

logger = logging.getLogger(__name__)

#: Seconds between two looks for connections that nobody listens to.
LOOK_EVERY = 2.0
#: Seconds to rest after what nobody foresaw.
AFTER_FAILURE = 60.0
#: How long to wait for what is being written when it is to end.
STOP_SECONDS = 10.0


def keep_streams(stop: threading.Event, only: Collection[int] = ()) -> None:
    """Listen to every connection (or those in `only`) that needs it, until `stop` is set.

    Any number of processes may do so at once: each connection is listened to by one of them, and
    by another within a minute when that one dies.
    """
    at_work: dict[int, tuple[Listener, threading.Thread]] = {}
    try:
        while not stop.is_set():
            at_work = {pk: one for pk, one in at_work.items() if one[1].is_alive()}
            for pk in unheard(only, at_work):
                at_work[pk] = _start(pk, stop)
            stop.wait(LOOK_EVERY)
    finally:
        for listener, _ in at_work.values():
            listener.stop()
        for _, thread in at_work.values():
            thread.join(STOP_SECONDS)


def unheard(only: Collection[int], at_work: Collection[int]) -> list[int]:
    """Connections with something to hear that nobody listens to; looked for every other second."""
    try:
        connections = followed_connections().exclude(pk__in=at_work)
        if only:
            connections = connections.filter(pk__in=only)
        names = {leases.of_stream(pk): pk for pk in connections.values_list("pk", flat=True)}
        taken = leases.taken(names)
    except DatabaseError:
        logger.warning("The database does not answer; it is asked again", exc_info=True)
        database.close()
        return []
    return [pk for name, pk in names.items() if name not in taken]


def _start(connection_id: int, stop: threading.Event) -> tuple[Listener, threading.Thread]:
    listener = Listener(connection_id)

    def listen() -> None:
        try:
            listener.run()
        except LeaseTaken:
            logger.info("connection %s is listened to by another process", connection_id)
        except Exception:  # one connection's trouble must not end the others'
            logger.exception("listening to connection %s failed", connection_id)
            stop.wait(AFTER_FAILURE)

    thread = threading.Thread(target=listen, name=f"stream {connection_id}", daemon=True)
    thread.start()
    return listener, thread
