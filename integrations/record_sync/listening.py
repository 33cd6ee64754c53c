"""The stream: what changes in Salesforce is here within a second, in one connection.

An event is a hint that records changed; what they are now is fetched and taken in, and then the
position in the stream moves, so that what was interrupted comes again. The poll alone is complete:
where the stream cannot promise anything, it asks for a poll.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, transaction
from django.db import connection as database

from integrations import connection_states, leases, rounds
from integrations.credentials import access_to, client_for
from integrations.leases import HeldLease, LeaseLost, held_lease
from integrations.models import Connection, Watermark
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.stream_events import (
    Changed,
    NotStreamed,
    Overflow,
    PositionLost,
    StreamEvent,
)
from integrations.salesforce.streaming import ChangeStream

from .arriving import TakenIn, take_in
from .describing import objects_in_use, watermark, with_fields_in_use
from .fetching import fetch_by_ids
from .fields import FieldSet
from .polling import poll
from .stream_runs import StreamRun

logger = logging.getLogger(__name__)

#: Shorter than the other leases, so that another process is at work again within a minute.
LEASE_SECONDS = 45
#: Seconds until it is tried again, by what went wrong.
AFTER_TROUBLE = 10.0
AFTER_REFUSAL = 300.0
AFTER_LIMIT = 900.0
_LOOK_EVERY = 5.0


@dataclass
class _Group:
    """What one batch says of one object."""

    record_ids: dict[str, None] = field(default_factory=dict)  # each once, in order
    replay_id: str = ""
    must_poll: bool = False


class Listener:
    """Listens for one connection, in the calling thread, until it is stopped or not needed."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id
        self._ended = threading.Event()

    def stop(self) -> None:
        """From any thread; what is being written is finished first."""
        self._ended.set()

    def run(self) -> None:
        """Listen under the lease; raises LeaseTaken when another process does."""
        name = leases.of_stream(self.connection_id)
        try:
            with held_lease(name, seconds=LEASE_SECONDS) as lease:
                while not self._ended.is_set():
                    pause = self._listen(lease)
                    if pause is None:
                        break
                    self._wait(pause, lease)
        except LeaseLost:
            logger.warning("the stream of connection %s was taken over", self.connection_id)
        finally:
            database.close()

    def _listen(self, lease: HeldLease) -> float | None:
        """Listen until something ends it; the seconds to wait then, None when not needed."""
        try:
            connection = Connection.objects.select_related("company").get(pk=self.connection_id)
            objects = objects_in_use(connection) if connection.has_access else []
            if not objects:
                return None
            return _Listening(connection, objects, lease, self._ended).run()
        except (DatabaseError, InterfaceError):
            logger.warning(
                "the stream of connection %s was interrupted", self.connection_id, exc_info=True
            )
            database.close()
            return AFTER_TROUBLE

    def _wait(self, seconds: float, lease: HeldLease) -> None:
        while seconds > 0 and not self._ended.wait(min(seconds, _LOOK_EVERY)):
            seconds -= _LOOK_EVERY
            if lease.lost:
                raise LeaseLost(lease.name)


class _Listening:
    """One time that the stream is open, for the objects that are followed just now."""

    def __init__(
        self,
        connection: Connection,
        objects: Sequence[str],
        lease: HeldLease,
        ended: threading.Event,
    ) -> None:
        self.connection = connection
        self.objects = list(objects)
        self.lease = lease
        self.ended = ended
        self.run_row = StreamRun(connection)
        self.client: SalesforceClient | None = None
        self.refused: dict[str, SalesforceError] = {}

    def run(self) -> float | None:
        """The seconds after which to listen again; None when it was ended or is of no use."""
        try:
            self._follow()
        except ReconnectRequired as error:
            connection_states.reconnect_required(self.connection, error.message)
            self.run_row.failed(error)
            return None
        except LimitReached as error:
            self.run_row.failed(error)
            return AFTER_LIMIT
        except (ConfigurationError, PermanentError) as error:
            self.run_row.failed(error)
            return AFTER_REFUSAL
        except TransientError as error:
            self.run_row.failed(error)
            return error.retry_after or AFTER_TROUBLE
        self.run_row.ended()
        return None

    def _follow(self) -> None:
        positions = {name: watermark(self.connection, name).replay_id for name in self.objects}
        with client_for(self.connection) as client:
            self.client = client
            stream = ChangeStream(
                access_to(self.connection),
                positions,
                stop=self.ended,
                on_beat=self._beat,
                on_trouble=self.run_row.trouble,
            )
            self.run_row.began()
            for batch in stream.batches():
                self._deal_with(batch)

    def _beat(self) -> None:
        """While nothing comes: show that one listens, and see whether one still should."""
        if self.lease.lost:
            raise LeaseLost(self.lease.name)
        self.run_row.beat()
        assert self.client is not None
        rounds.remember_usage(self.connection, self.client)
        self.connection.refresh_from_db()
        if not self.connection.has_access or objects_in_use(self.connection) != self.objects:
            self.ended.set()  # whoever keeps the streams begins anew, where there is need

    def _deal_with(self, batch: Sequence[StreamEvent]) -> None:
        groups: defaultdict[str, _Group] = defaultdict(_Group)
        for event in batch:
            if isinstance(event, NotStreamed):
                self._remember_refusal(event)
                continue
            group = groups[event.object_name]
            group.replay_id = event.replay_id or group.replay_id
            group.must_poll |= isinstance(event, Overflow | PositionLost)
            if isinstance(event, Changed):
                group.record_ids.update(dict.fromkeys(event.record_ids))
        if any(group.must_poll for group in groups.values()):
            # Somebody else's poll under way does as well: the next one, in a minute, sees it all.
            poll(self.connection.pk)
        for object_name, group in groups.items():
            self._catch_up(object_name, group)

    def _catch_up(self, object_name: str, group: _Group) -> None:
        assert self.client is not None
        try:
            with_fields_in_use(
                self.client, self.connection, object_name, lambda fields: self._fetch(fields, group)
            )
        except (ConfigurationError, PermanentError) as error:
            # The poll meets the same, says so, and reads it all once it is mended.
            logger.warning("connection %s: %s %s", self.connection.pk, object_name, error.detail)

    def _fetch(self, fields: FieldSet, group: _Group) -> None:
        assert self.client is not None
        for rows, asked_at in fetch_by_ids(self.client, fields, list(group.record_ids)):
            take_in(self.connection, fields, rows, asked_at, live=True, before_commit=self._note)
        if group.replay_id:
            self._move(fields.object_name, group.replay_id)

    def _note(self, taken: TakenIn) -> None:
        assert self.client is not None
        self.run_row.add(taken, self.client.calls)
        self.lease.confirm()

    def _move(self, object_name: str, replay_id: str) -> None:
        with transaction.atomic():
            mark = Watermark.objects.filter(connection=self.connection, object_name=object_name)
            mark.update(replay_id=replay_id)
            self.lease.confirm()

    def _remember_refusal(self, event: NotStreamed) -> None:
        self.refused[event.object_name] = event.error
        self.run_row.refused(self.refused)
