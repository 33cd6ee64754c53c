"""Refreshing the mirror of Salesforce users: whole, in the worker, guarded against odd answers."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django_q.tasks import async_task

from accounts import audit
from accounts.models import User
from integrations import connection_states, leases
from integrations.connecting.check import connecting_user_problems, in_words
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

from .directory_reading import Answer, expected_users, read_users
from .directory_writing import Mirror, why_hold, write
from .errors import RefreshRefused
from .progress import beat

logger = logging.getLogger(__name__)

REFRESH_TASK = "integrations.tasks.refresh_directory"
ATTEMPTS = 5
#: How long to wait after the first failure; each next one waits twice as long.
FIRST_RETRY = timedelta(minutes=5)
RETRY_AFTER_LIMIT = timedelta(hours=1)

State = SyncRun.State


def request_refresh(
    salesforce: Connection, *, by: User | None, accepts_shrinking: bool = False
) -> SyncRun:
    """Queue a refresh, or return the one that is under way. Raises `RefreshRefused`."""
    if not salesforce.has_access:
        raise RefreshRefused(_why_no_access(salesforce))
    with transaction.atomic():
        # One at a time: who waits for this lock finds the run of who was first.
        Connection.objects.select_for_update(no_key=True).get(pk=salesforce.pk)
        runs = SyncRun.objects.filter(connection=salesforce, kind=SyncRun.Kind.DIRECTORY)
        under_way = runs.filter(state__in=SyncRun.STATES_UNDER_WAY).first()
        if under_way is not None:
            return under_way
        runs.filter(retry_at__isnull=False).update(retry_at=None)  # this one comes instead
        run = SyncRun.objects.create(
            company_id=salesforce.company_id,
            connection=salesforce,
            kind=SyncRun.Kind.DIRECTORY,
            requested_by=by,
            accepts_shrinking=accepts_shrinking,
        )
        async_task(REFRESH_TASK, run.pk)
    return run


def accept_shrinking(run: SyncRun, *, by: User) -> SyncRun:
    """A person has seen why ``run`` is held, and says that it is right: refresh once more."""
    if run.state != State.HELD:
        raise RefreshRefused("This refresh does not wait for anybody.")
    audit.record("directory.shrinking_accepted", run.connection, by=by, before={"run": run.pk})
    return request_refresh(run.connection, by=by, accepts_shrinking=True)


def refresh_directory(run_id: int) -> None:
    """Do a queued or interrupted run. Can be called any number of times, by anybody."""
    try:
        with held_lease(leases.of_run(run_id)) as lease:
            run = _start(run_id)
            if run is not None:
                _Refresh(run, lease).run_and_report()
    except (LeaseTaken, LeaseLost):
        logger.info("run %s is in another worker's hands", run_id)
    except (OperationalError, InterfaceError):
        # The database went away. The run is taken up again when it is back.
        logger.warning("run %s was interrupted", run_id, exc_info=True)
        connection.close()


def _start(run_id: int) -> SyncRun | None:
    """Count the attempt before anything can go wrong in it."""
    runs = SyncRun.objects.filter(pk=run_id, state__in=SyncRun.STATES_UNDER_WAY)
    started = runs.filter(attempts__lt=ATTEMPTS).update(
        state=State.RUNNING,
        attempts=F("attempts") + 1,
        started_at=Coalesce("started_at", Now()),
        read=0,
    )
    if started:
        return SyncRun.objects.select_related("connection").get(pk=run_id)
    gave_up = runs.filter(attempts__gte=ATTEMPTS).update(
        state=State.FAILED,
        finished_at=timezone.now(),
        error=f"It was interrupted {ATTEMPTS} times. Refresh again; when it happens once more,"
        " tell support.",
    )
    if gave_up:
        logger.error("run %s needs a person after %s attempts", run_id, ATTEMPTS)
    return None


class _Refresh:
    def __init__(self, run: SyncRun, lease: HeldLease) -> None:
        self.run = run
        self.salesforce = run.connection
        self.lease = lease

    def run_and_report(self) -> None:
        if not self.salesforce.has_access:
            self._end(State.FAILED, error=_why_no_access(self.salesforce))
            return
        try:
            with client_for(self.salesforce) as client:
                try:
                    self._refresh(client)
                finally:
                    self._save_usage(client)
        except SalesforceError as error:
            self._fail(error)

    def _refresh(self, client: SalesforceClient) -> None:
        asked_at = timezone.now()
        self._save(expected=expected_users(client))
        answer = read_users(client, self._progress, self.salesforce.extra_user_fields)
        mirror = Mirror.of(self.salesforce)
        hold = why_hold(answer, mirror)
        if hold is not None and not self.run.accepts_shrinking:
            self._end(State.HELD, error=hold)
            return
        self._write(answer, mirror, asked_at)
        self._warn(client)

    def _write(self, answer: Answer, mirror: Mirror, asked_at: datetime) -> None:
        with transaction.atomic():
            written = write(self.salesforce, answer, mirror, timezone.now())
            Connection.objects.filter(pk=self.salesforce.pk).update(directory_refreshed_at=asked_at)
            self._end(
                State.DONE,
                read=len(answer.people),
                added=written.added,
                changed=written.changed,
                missing=written.missing,
            )

    def _warn(self, client: SalesforceClient) -> None:
        """The connecting user may be about to lose its access, or has lost a part of it."""
        try:
            problems = connecting_user_problems(self.salesforce, client)
        except ReconnectRequired as error:
            connection_states.reconnect_required(self.salesforce, error.message)
        except SalesforceError as error:
            logger.warning("connection %s not checked: %s", self.salesforce.pk, error.detail)
        else:
            if problems:
                connection_states.needs_attention(self.salesforce, in_words(problems))
            else:
                connection_states.mended(self.salesforce)

    def _fail(self, error: SalesforceError) -> None:
        logger.warning("run %s failed: %s %s", self.run.pk, error.code, error.detail)
        if isinstance(error, ReconnectRequired):
            connection_states.reconnect_required(self.salesforce, error.message)
        self._end(
            State.FAILED,
            error=error.message,
            error_code=error.code[:80],
            retry_at=self._retry_at(error),
        )

    def _retry_at(self, error: SalesforceError) -> datetime | None:
        """When it is tried again by itself; never for what only a person can mend."""
        if self.run.attempts >= ATTEMPTS:
            return None
        if isinstance(error, LimitReached):
            return timezone.now() + RETRY_AFTER_LIMIT
        if isinstance(error, TransientError):
            return timezone.now() + FIRST_RETRY * (1 << (self.run.attempts - 1))
        return None

    def _progress(self, read: int) -> None:
        if self.lease.lost:
            raise LeaseLost(self.lease.name)
        beat()
        self._save(read=read)

    def _save_usage(self, client: SalesforceClient) -> None:
        if client.usage is not None:
            Connection.objects.filter(pk=self.salesforce.pk).update(
                api_calls_used=client.usage.used, api_calls_allowed=client.usage.limit
            )

    def _end(self, state: SyncRun.State, **values: object) -> None:
        self._save(state=state, finished_at=timezone.now(), **values)

    def _save(self, **values: object) -> None:
        """Written only while the lease is ours."""
        with transaction.atomic():
            SyncRun.objects.filter(pk=self.run.pk).update(**values)
            self.lease.confirm()


def _why_no_access(salesforce: Connection) -> str:
    state = salesforce.get_state_display().lower()
    return salesforce.state_reason or f"Salesforce cannot be asked: the connection is {state}."
