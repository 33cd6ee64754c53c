"""The poll: what changed in each object since it was last read. Alone enough for correctness."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, OperationalError
from django.db import connection as database
from django.utils import timezone

from integrations import connection_states, leases, rounds
from integrations.credentials import client_for
from integrations.leases import HeldLease, LeaseLost, LeaseTaken, held_lease
from integrations.models import Connection, Watermark
from integrations.rounds import AccessEnded
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)

from . import runs
from .arriving import TakenIn, take_in
from .describing import begun_watermark, objects_in_use, with_fields_in_use
from .due import evaluate_due
from .fetching import Arrived, Position, read, since
from .fields import FieldSet

logger = logging.getLogger(__name__)

#: A record may be committed with a stamp older than what was read before it.
OVERLAP = timedelta(minutes=10)


def poll(connection_id: int) -> bool:
    """Read what changed, and judge what is due. False when another process is at it.

    Can be called any number of times, by anybody. What goes wrong with Salesforce is written down,
    and the next poll goes on after the last page that was taken in.
    """
    try:
        with held_lease(leases.of_records(connection_id)) as lease:
            connection = Connection.objects.select_related("company").get(pk=connection_id)
            Connection.objects.filter(pk=connection_id).update(polled_at=timezone.now())
            evaluate_due(connection)
            if connection.has_access:
                _Poll(connection, lease).run()
    except (LeaseTaken, LeaseLost):
        logger.info("connection %s is in another process's hands", connection_id)
        return False
    except (OperationalError, InterfaceError):
        # The database went away; the next poll goes on from what it holds.
        logger.warning("the poll of connection %s was interrupted", connection_id, exc_info=True)
        database.close()
        return False
    return True


class _Poll:
    def __init__(self, connection: Connection, lease: HeldLease) -> None:
        self.connection = connection
        self.lease = lease
        self.taken = TakenIn()
        self.pulse = runs.Pulse(connection)
        self.started_at = timezone.now()

    def run(self) -> None:
        error: SalesforceError | None = None
        calls = 0
        try:
            with client_for(self.connection) as client:
                try:
                    error = self._read_objects(client)
                finally:
                    calls = client.calls
                    rounds.remember_usage(self.connection, client)
        except AccessEnded:
            logger.info("the poll of connection %s ends with its access", self.connection.pk)
        except SalesforceError as failure:
            error = failure
        if isinstance(error, ReconnectRequired):
            connection_states.reconnect_required(self.connection, error.message)
        if isinstance(error, LimitReached):
            rounds.remember_limit(self.connection)
        runs.note_poll(self.connection, self.taken, calls, self.started_at, error)

    def _read_objects(self, client: SalesforceClient) -> SalesforceError | None:
        """What is wrong with one object does not stop the others; that is returned at the end.

        What no other object would be spared, used up requests or ended access, is raised.
        """
        wrong: SalesforceError | None = None
        for object_name in self._longest_unread_first():
            try:
                with_fields_in_use(
                    client, self.connection, object_name, partial(self._read_object, client)
                )
            except (ConfigurationError, PermanentError, TransientError) as error:
                logger.warning(
                    "connection %s: %s %s", self.connection.pk, object_name, error.detail
                )
                wrong = wrong or error
        return wrong

    def _longest_unread_first(self) -> list[str]:
        marks = Watermark.objects.filter(connection=self.connection, polled_at__isnull=False)
        known = list(marks.order_by("polled_at").values_list("object_name", flat=True))
        in_use = objects_in_use(self.connection)
        never = [name for name in in_use if name not in known]
        return [*never, *(name for name in known if name in in_use)]

    def _read_object(self, client: SalesforceClient, fields: FieldSet) -> None:
        mark = begun_watermark(client, self.connection, fields.object_name)
        assert mark.read_until is not None
        behind = Position(mark.page_stamp, mark.page_record_id) if mark.page_stamp else None
        window = since(mark.read_until - OVERLAP)
        read(client, fields, window, behind, lambda page: self._take(page, fields, mark))
        if behind is not None:
            # What changed since the interruption may stand before where it went on.
            self._read_object(client, fields)

    def _take(self, page: Arrived, fields: FieldSet, mark: Watermark) -> None:
        self.pulse.beat()
        end = mark.window_end or page.server_time or mark.read_until
        mark.window_end = end

        def move(_: TakenIn) -> None:
            self._move(mark, page, end)
            self.lease.confirm()

        self.taken += take_in(
            self.connection, fields, page.rows, page.asked_at, live=True, before_commit=move
        )

    def _move(self, mark: Watermark, page: Arrived, end: datetime | None) -> None:
        """The watermark moves in the transaction of its page."""
        row = Watermark.objects.filter(pk=mark.pk)
        if page.is_last:
            row.update(
                read_until=end,
                window_end=None,
                page_stamp=None,
                page_record_id="",
                polled_at=timezone.now(),
            )
        elif page.position is not None:
            row.update(
                window_end=end,
                page_stamp=page.position.stamp,
                page_record_id=page.position.record_id,
            )
