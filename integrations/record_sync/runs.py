"""The record of each round: what it read and made, what it cost, and what went wrong, in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django_q.tasks import async_task

from accounts.models import User
from integrations import connection_states, leases
from integrations.credentials import client_for
from integrations.leases import HeldLease, LeaseLost, LeaseTaken, held_lease
from integrations.models import Connection, SyncRun
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    LimitReached,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)
from integrations.user_sync.progress import beat

from . import budget
from .arriving import TakenIn

logger = logging.getLogger(__name__)
State = SyncRun.State
Kind = SyncRun.Kind

TASKS = {
    Kind.BACKFILL: "integrations.tasks.backfill_records",
    Kind.RECONCILE: "integrations.tasks.reconcile_records",
}
ATTEMPTS = 5
#: How long to wait after the first failure; each next one waits twice as long.
FIRST_RETRY = timedelta(minutes=1)
RETRY_AFTER_LIMIT = timedelta(hours=1)

#: A poll that fails like the one before is the same trouble, and not another row.
_SAME_TROUBLE_WITHIN = timedelta(hours=1)


def counts(taken: TakenIn) -> dict[str, int]:
    """The numbers of a run's row."""
    said = taken.evaluated
    return {
        "read": taken.read,
        "added": taken.added,
        "changed": taken.changed,
        "reported": said.reported,
        "taken_back": said.taken_back,
        "set_aside": taken.set_aside + said.set_aside,
    }


def note_poll(
    connection: Connection,
    taken: TakenIn,
    api_calls: int,
    started_at: datetime,
    error: SalesforceError | None,
) -> None:
    """Write a poll down when it changed something or failed; the quiet ones leave a time only."""
    if error is not None and _is_same_trouble(connection, error):
        return
    if error is None and not taken.wrote:
        return
    SyncRun.objects.create(
        company_id=connection.company_id,
        connection=connection,
        kind=Kind.POLL,
        state=State.FAILED if error else State.DONE,
        started_at=started_at,
        finished_at=timezone.now(),
        attempts=1,
        api_calls=api_calls,
        error=error.message if error else "",
        error_code=error.code[:80] if error else "",
        **counts(taken),
    )


def _is_same_trouble(connection: Connection, error: SalesforceError) -> bool:
    """Whether the last poll that was written down, lately, failed with the same words."""
    last = SyncRun.objects.filter(connection=connection, kind=Kind.POLL).order_by("-pk").first()
    if last is None or last.state != State.FAILED or last.error != error.message:
        return False
    if last.created_at < timezone.now() - _SAME_TROUBLE_WITHIN:
        return False
    SyncRun.objects.filter(pk=last.pk).update(
        attempts=F("attempts") + 1, finished_at=timezone.now()
    )
    return True


class RunRefused(Exception):
    """A round cannot begin now; the message is for whoever asked for it."""


def request(
    connection: Connection,
    kind: SyncRun.Kind,
    object_name: str,
    *,
    by: User | None,
    since: date | None = None,
) -> SyncRun:
    """Queue a round of an object, or return the one that is under way. Raises `RunRefused`."""
    if not connection.has_access:
        raise RunRefused(_why_no_access(connection))
    with transaction.atomic():
        # One at a time: who waits for this lock finds the run of who was first.
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        runs = SyncRun.objects.filter(connection=connection, kind=kind, object_name=object_name)
        under_way = runs.filter(state__in=SyncRun.STATES_UNDER_WAY).first()
        if under_way is not None:
            return under_way
        runs.filter(retry_at__isnull=False).update(retry_at=None)  # this one comes instead
        run = SyncRun.objects.create(
            company_id=connection.company_id,
            connection=connection,
            kind=kind,
            object_name=object_name,
            since=since,
            requested_by=by,
        )
        async_task(TASKS[kind], run.pk)
    return run


class Round:
    """One attempt at a run, by whoever holds its lease."""

    def __init__(self, run: SyncRun, lease: HeldLease) -> None:
        self.run = run
        self.connection = run.connection
        self.lease = lease
        self._calls_noted = 0

    def add(self, taken: TakenIn, client: SalesforceClient, **values: object) -> None:
        """Inside the transaction of a page: the counts and the position move with it."""
        calls, self._calls_noted = client.calls - self._calls_noted, client.calls
        numbers = {name: F(name) + number for name, number in counts(taken).items()}
        SyncRun.objects.filter(pk=self.run.pk).update(
            **numbers, **values, attempts=1, api_calls=F("api_calls") + calls
        )
        self.lease.confirm()

    def save(self, **values: object) -> None:
        """Written only while the lease is ours."""
        with transaction.atomic():
            SyncRun.objects.filter(pk=self.run.pk).update(**values)
            self.lease.confirm()
        for name, value in values.items():
            setattr(self.run, name, value)

    def end(self, state: SyncRun.State, **values: object) -> None:
        self.save(state=state, finished_at=timezone.now(), **values)

    def fail(self, error: SalesforceError) -> None:
        logger.warning("run %s failed: %s %s", self.run.pk, error.code, error.detail)
        if isinstance(error, ReconnectRequired):
            connection_states.reconnect_required(self.connection, error.message)
        self.end(
            State.FAILED,
            error=error.message,
            error_code=error.code[:80],
            retry_at=self._retry_at(error),
        )

    def _retry_at(self, error: SalesforceError) -> datetime | None:
        """When it is tried again by itself; never for what only a person can mend."""
        self.run.refresh_from_db(fields=["attempts"])
        if isinstance(error, LimitReached):
            return timezone.now() + RETRY_AFTER_LIMIT
        if isinstance(error, TransientError) and self.run.attempts < ATTEMPTS:
            return timezone.now() + FIRST_RETRY * (1 << self.run.attempts)
        return None


def carry_out(run_id: int, work: Callable[[Round, SalesforceClient], None]) -> None:
    """Do a queued or interrupted run. Can be called any number of times, by anybody."""
    try:
        with held_lease(leases.of_run(run_id)) as lease:
            run = _start(run_id)
            if run is not None:
                _work(Round(run, lease), work)
    except (LeaseTaken, LeaseLost):
        logger.info("run %s is in another worker's hands", run_id)
    except (OperationalError, InterfaceError):
        # The database went away. The run is taken up again when it is back.
        logger.warning("run %s was interrupted", run_id, exc_info=True)
        database.close()


def _work(round_: Round, work: Callable[[Round, SalesforceClient], None]) -> None:
    connection = round_.connection
    if not connection.has_access:
        round_.end(State.FAILED, error=_why_no_access(connection))
        return
    beat()
    try:
        with client_for(connection, stop_at_usage=budget.BACKGROUND_UNTIL) as client:
            try:
                work(round_, client)
            finally:
                budget.remember(connection, client)
    except SalesforceError as error:
        round_.fail(error)
    else:
        round_.end(State.DONE)


def _start(run_id: int) -> SyncRun | None:
    """Count the attempt before anything can go wrong in it."""
    runs = SyncRun.objects.filter(pk=run_id, state__in=SyncRun.STATES_UNDER_WAY)
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


def _why_no_access(connection: Connection) -> str:
    state = connection.get_state_display().lower()
    return connection.state_reason or f"Salesforce cannot be asked: the connection is {state}."
