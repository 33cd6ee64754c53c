"""Refreshing the mirror of Salesforce users: whole, in the worker, guarded against odd answers."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from accounts import audit, bulk_writer
from accounts.models import User
from integrations import connection_states, round_queue, rounds
from integrations.connecting.check import connecting_user_problems, in_words
from integrations.credentials import client_for
from integrations.leases import LeaseLost
from integrations.models import Connection, DirectoryUser, SyncRun
from integrations.rounds import AccessEnded, Round
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ReconnectRequired, SalesforceError

from .directory_reading import Answer, expected_users, read_users
from .directory_writing import Mirror, why_hold, write
from .errors import RefreshRefused
from .progress import beat

logger = logging.getLogger(__name__)

#: From so many new rows on the planner must know of them at once.
MANY = 1_000
REFRESH_TASK = "integrations.tasks.refresh_directory"
State = SyncRun.State


def request_refresh(
    salesforce: Connection, *, by: User | None, accepts_shrinking: bool = False
) -> SyncRun:
    """Queue a refresh, or return the one that is under way. Raises `RefreshRefused`."""
    if not salesforce.has_access:
        raise RefreshRefused(rounds.why_no_access(salesforce))
    return round_queue.queue(
        salesforce,
        SyncRun.Kind.DIRECTORY,
        REFRESH_TASK,
        requested_by=by,
        accepts_shrinking=accepts_shrinking,
    )


def accept_shrinking(run: SyncRun, *, by: User) -> SyncRun:
    """A person has seen why ``run`` is held, and says that it is right: refresh once more.

    Raises `RefreshRefused`.
    """
    if run.state != State.HELD:
        raise RefreshRefused("This refresh does not wait for anybody.")
    with transaction.atomic():
        accepted = request_refresh(run.connection, by=by, accepts_shrinking=True)
        audit.record("directory.shrinking_accepted", run.connection, by=by, before={"run": run.pk})
    return accepted


def refresh_directory(run_id: int) -> None:
    """Do a queued or interrupted run. Can be called any number of times, by anybody."""
    rounds.carry_out(run_id, lambda run, lease: _Refresh(run, lease).run_and_report())


class _Refresh(Round):
    first_retry = timedelta(minutes=5)

    def run_and_report(self) -> None:
        try:
            rounds.confirm_access(self.connection)
            with client_for(self.connection) as client:
                try:
                    self._refresh(client)
                finally:
                    self.remember_usage(client)
        except AccessEnded:
            self.end_without_access()
        except SalesforceError as error:
            self.fail(error)

    def _refresh(self, client: SalesforceClient) -> None:
        asked_at = timezone.now()
        self.save(expected=expected_users(client), read=0)
        mirror = Mirror.of(self.connection)  # who is added while one reads is not missing
        answer = read_users(client, self._progress, self.connection.extra_user_fields)
        hold = why_hold(answer, mirror)
        is_accepted = self.run.accepts_shrinking and answer.people  # nobody means to accept none
        if hold is not None and not is_accepted:
            self.end(State.HELD, error=hold)
            return
        self._write(answer, mirror, asked_at)
        self._warn(client)

    def _write(self, answer: Answer, mirror: Mirror, asked_at: datetime) -> None:
        with transaction.atomic():
            written = write(self.connection, answer, mirror, timezone.now())
            Connection.objects.filter(pk=self.connection.pk).update(directory_refreshed_at=asked_at)
            self.end(
                State.DONE,
                read=len(answer.people),
                added=written.added,
                changed=written.changed,
                missing=written.missing,
            )
            self._end_those_held()
        if written.added > MANY:  # lists and trials come at once, autovacuum up to a minute later
            bulk_writer.analyze(DirectoryUser)

    def _end_those_held(self) -> None:
        """The list has come: nobody has to accept an earlier one any more."""
        held = self.connection.runs.filter(kind=SyncRun.Kind.DIRECTORY, state=State.HELD)
        over = Value("Over: a later refresh went well. What was said then: ")
        held.update(state=State.FAILED, error=Concat(over, "error"))

    def _warn(self, client: SalesforceClient) -> None:
        """The connecting user may be about to lose its access, or has lost a part of it."""
        try:
            problems = connecting_user_problems(self.connection, client)
        except ReconnectRequired as error:
            connection_states.reconnect_required(self.connection, error.message)
        except SalesforceError as error:
            logger.warning("connection %s not checked: %s", self.connection.pk, error.detail)
        else:
            if problems:
                connection_states.needs_attention(self.connection, in_words(problems))
            else:
                connection_states.mended(self.connection)

    def _progress(self, read: int) -> None:
        if self.lease.lost:
            raise LeaseLost(self.lease.name)
        rounds.confirm_access(self.connection)
        beat()
        self.save(read=read)
