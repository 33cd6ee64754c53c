"""The record of listening: one run from the stream's opening to its end, with what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F
from django.utils import timezone

from integrations.models import Connection, Heartbeat, SyncRun
from integrations.salesforce.errors import SalesforceError

from .arriving import TakenIn
from .runs import counts, same_trouble

#: Two beats missed, and nobody listens.
SILENT_AFTER = timedelta(seconds=15)
_SAME_TROUBLE_WITHIN = timedelta(days=1)
State = SyncRun.State


def heartbeat_name(connection_id: int) -> str:
    return f"stream:{connection_id}"


def last_heard_of(connection_id: int) -> datetime | None:
    """When somebody last listened to this connection."""
    beats = Heartbeat.objects.filter(name=heartbeat_name(connection_id))
    return beats.values_list("at", flat=True).first()


def is_listening(connection_id: int) -> bool:
    heard = last_heard_of(connection_id)
    return heard is not None and timezone.now() - heard < SILENT_AFTER


class StreamRun:
    """For the holder of the stream's lease. `error` of a run under way is what does not work now.

    A stream that fails like the last time is the same trouble, and not another row.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pk = 0
        self._calls = 0
        self._refused = ""

    def began(self) -> None:
        under_way = self._runs().filter(state__in=SyncRun.STATES_UNDER_WAY)
        under_way.update(
            state=State.FAILED,
            finished_at=timezone.now(),
            error="Listening was interrupted; another process went on.",
        )
        row = SyncRun.objects.create(
            company_id=self.connection.company_id,
            connection=self.connection,
            kind=SyncRun.Kind.STREAM,
            state=State.RUNNING,
            started_at=timezone.now(),
            attempts=1,
        )
        self._pk = row.pk
        self.beat()

    def beat(self) -> None:
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=heartbeat_name(self.connection.pk), at=timezone.now())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )

    def add(self, taken: TakenIn, calls: int) -> None:
        """Inside the transaction of what was taken in."""
        new, self._calls = calls - self._calls, calls
        numbers = {name: F(name) + number for name, number in counts(taken).items()}
        self._row().update(**numbers, api_calls=F("api_calls") + new)

    def refused(self, refused: Mapping[str, SalesforceError]) -> None:
        """Some objects are not streamed; the others are."""
        self._refused = " ".join(error.message for error in refused.values())
        self._row().update(error=self._refused)

    def trouble(self, error: SalesforceError | None) -> None:
        """Passing trouble, or (None) its end."""
        self._row().update(
            error=error.message if error else self._refused, error_code=error.code if error else ""
        )

    def ended(self) -> None:
        self._row().update(state=State.DONE, finished_at=timezone.now())

    def failed(self, error: SalesforceError) -> None:
        now = timezone.now()
        said = {"error": error.message, "error_code": error.code[:80], "finished_at": now}
        earlier = same_trouble(self._runs().exclude(pk=self._pk), error, _SAME_TROUBLE_WITHIN)
        if earlier is not None and not self._row().filter(read__gt=0).exists():
            self._row().delete()
            attempts = F("attempts") + 1
            SyncRun.objects.filter(pk=earlier.pk).update(attempts=attempts, **said)
            return
        if not self._pk:
            self.began()
        self._row().update(state=State.FAILED, **said)

    def _runs(self) -> models.QuerySet[SyncRun]:
        return SyncRun.objects.filter(connection=self.connection, kind=SyncRun.Kind.STREAM)

    def _row(self) -> models.QuerySet[SyncRun]:
        return self._runs().filter(pk=self._pk)
