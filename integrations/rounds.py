"""Rounds of reading from Salesforce: counted before each start, ended in words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from integrations import connection_states, leases
from integrations.leases import HeldLease, LeaseLost, LeaseTaken, held_lease
from integrations.models import Connection, SyncRun
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    LimitReached,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)

logger = logging.getLogger(__name__)
State = SyncRun.State

ATTEMPTS = 5
RETRY_AFTER_LIMIT = timedelta(hours=1)
#: A run that has read nothing yet.
FROM_THE_BEGINNING: Mapping[str, Any] = {
    "expected": None,
    "read": 0,
    "page_stamp": None,
    "page_record_id": "",
    "window_end": None,
    "bulk_job_id": "",
    "bulk_locator": "",
}


class AccessEnded(Exception):
    """The connection was paused, or has lost its access."""


def confirm_access(connection: Connection) -> None:
    """Raises `AccessEnded`: a person who pauses does not wait for the end of a round."""
    connection.refresh_from_db(fields=["state", "state_reason"])
    if not connection.has_access:
        raise AccessEnded


def why_no_access(connection: Connection) -> str:
    state, reason = connection.get_state_display().lower(), connection.state_reason
    words = f"Salesforce cannot be asked: the connection is {state}."
    if connection.state == Connection.State.PAUSED and reason:
        return f"{words} The reason: “{reason}”."  # a person's own words
    return reason or words


def remember_usage(connection: Connection, client: SalesforceClient) -> None:
    """Keep what the org has used of its day's API requests, as the last answer told."""
    if client.usage is not None:
        Connection.objects.filter(pk=connection.pk).update(
            api_calls_used=client.usage.used, api_calls_allowed=client.usage.limit
        )


def remember_limit(connection: Connection) -> None:
    """Salesforce says that the day's requests are used up, in an answer that may not count them."""
    Connection.objects.filter(pk=connection.pk, api_calls_used__lt=F("api_calls_allowed")).update(
        api_calls_used=F("api_calls_allowed")
    )


def carry_out(run_id: int, attempt: Callable[[SyncRun, HeldLease], None]) -> None:
    """Do a queued or interrupted run. Can be called any number of times, by anybody."""
    try:
        with held_lease(leases.of_run(run_id)) as lease:
            run = _start(run_id)
            if run is not None:
                attempt(run, lease)
    except (LeaseTaken, LeaseLost):
        logger.info("run %s is in another worker's hands", run_id)
    except (OperationalError, InterfaceError):
        # The database went away. The run is taken up again when it is back.
        logger.warning("run %s was interrupted", run_id, exc_info=True)
        database.close()


def _start(run_id: int) -> SyncRun | None:
    """Count the attempt before anything can go wrong in it. None while another is before it."""
    before = SyncRun.objects.filter(
        connection=OuterRef("connection"),
        kind=OuterRef("kind"),
        object_name=OuterRef("object_name"),
        state=State.RUNNING,
    ).exclude(pk=run_id)
    runs = SyncRun.objects.filter(~Exists(before), pk=run_id, state__in=SyncRun.STATES_UNDER_WAY)
    started = runs.filter(attempts__lt=ATTEMPTS).update(
        state=State.RUNNING,
        attempts=F("attempts") + 1,
        started_at=Coalesce("started_at", Now()),
        error="",
        error_code="",
    )
    if started:
        return SyncRun.objects.select_related("connection__company").get(pk=run_id)
    gave_up = runs.filter(attempts__gte=ATTEMPTS).update(
        state=State.FAILED,
        finished_at=timezone.now(),
        error=f"It was interrupted {ATTEMPTS} times without getting any further. Start it again;"
        " when it happens once more, tell support.",
    )
    if gave_up:
        logger.error("run %s needs a person after %s attempts", run_id, ATTEMPTS)
    return None


class Round:
    """One attempt at a run, by whoever holds its lease."""

    #: How long to wait after the first failure; each next one waits twice as long.
    first_retry = timedelta(minutes=2)

    def __init__(self, run: SyncRun, lease: HeldLease) -> None:
        self.run = run
        self.connection = run.connection
        self.lease = lease
        self._calls_noted = 0

    def save(self, **values: object) -> None:
        """Written only while the lease is ours."""
        with transaction.atomic():
            SyncRun.objects.filter(pk=self.run.pk).update(**values)
            self.lease.confirm()
        for name, value in values.items():
            setattr(self.run, name, value)

    def calls_since(self, client: SalesforceClient) -> int:
        """What the client has asked since this was last said."""
        calls, self._calls_noted = client.calls - self._calls_noted, client.calls
        return calls

    def remember_usage(self, client: SalesforceClient) -> None:
        """What it cost, however it ended, and what the org has used of its day's requests."""
        SyncRun.objects.filter(pk=self.run.pk).update(
            api_calls=F("api_calls") + self.calls_since(client)
        )
        remember_usage(self.connection, client)

    def end(self, state: SyncRun.State, **values: object) -> None:
        self.save(state=state, finished_at=timezone.now(), **values)

    def end_without_access(self) -> None:
        """It goes on by itself once there is access again."""
        self.end(
            State.FAILED,
            error=why_no_access(self.connection),
            attempts=0,
            retry_at=timezone.now(),
        )

    def fail(self, error: SalesforceError) -> None:
        logger.warning("run %s failed: %s %s", self.run.pk, error.code, error.detail)
        if isinstance(error, ReconnectRequired):
            connection_states.reconnect_required(self.connection, error.message)
        self.run.refresh_from_db(fields=["attempts"])
        if isinstance(error, LimitReached | ReconnectRequired):
            self.run.attempts = 0  # waiting for tomorrow's requests, or a log-in, is no attempt
        self.end(
            State.FAILED,
            error=error.message,
            error_code=error.code[:80],
            attempts=self.run.attempts,
            retry_at=self._retry_at(error),
        )

    def _retry_at(self, error: SalesforceError) -> datetime | None:
        """When it is tried again by itself; never for what only a person can mend.

        Where somebody must log in again, that is waited for: see `queue_failed_again`.
        """
        if isinstance(error, ReconnectRequired):
            return timezone.now()
        if isinstance(error, LimitReached):
            return timezone.now() + RETRY_AFTER_LIMIT
        if isinstance(error, TransientError) and self.run.attempts < ATTEMPTS:
            return timezone.now() + self.first_retry * (1 << (self.run.attempts - 1))
        return None
