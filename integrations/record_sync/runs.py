"""The record of each round: what it read and made, what it cost, and what went wrong, in words."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from integrations import round_queue, rounds
from integrations.credentials import client_for
from integrations.leases import HeldLease
from integrations.models import Connection, SyncRun
from integrations.rounds import AccessEnded
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.user_sync.progress import beat

from . import budget
from .arriving import TakenIn
from .describing import objects_in_use, with_fields_in_use
from .fields import FieldSet

State = SyncRun.State
Kind = SyncRun.Kind

TASKS = {
    Kind.BACKFILL: "integrations.tasks.backfill_records",
    Kind.RECONCILE: "integrations.tasks.reconcile_records",
}

#: A poll that fails like the one before is the same trouble, and not another row.
_SAME_TROUBLE_WITHIN = timedelta(hours=1)
BEAT_EVERY = 5.0  # seconds


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
    if not taken.wrote:
        if error is None:
            return
        polls = SyncRun.objects.filter(connection=connection, kind=Kind.POLL)
        if last := same_trouble(polls, error, _SAME_TROUBLE_WITHIN):
            again = {"attempts": F("attempts") + 1, "finished_at": timezone.now()}
            SyncRun.objects.filter(pk=last.pk).update(**again)
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


def same_trouble(
    runs: models.QuerySet[SyncRun], error: SalesforceError, within: timedelta
) -> SyncRun | None:
    """The last of these, where it failed lately with the same words."""
    last = runs.order_by("-pk").first()
    if last is None or (last.state, last.error) != (State.FAILED, error.message):
        return None
    return last if last.created_at > timezone.now() - within else None


class StillPreparing(Exception):
    """Salesforce has yet to prepare the answer; the worker has other work to do."""


class RunRefused(Exception):
    """A round cannot begin now; the message is for whoever asked for it."""


def request(
    connection: Connection,
    kind: SyncRun.Kind,
    object_name: str,
    *,
    by: User | None,
    since: date | None = None,
    field_set: str = "",
) -> SyncRun:
    """Queue a round of an object, or return the one under way that covers it.

    Raises `RunRefused`.
    """
    if not connection.has_access:
        raise RunRefused(rounds.why_no_access(connection))
    return round_queue.queue(
        connection,
        kind,
        TASKS[kind],
        object_name=object_name,
        requested_by=by,
        since=since,
        field_set=field_set,
    )


def not_made_good(connection: Connection) -> models.QuerySet[SyncRun]:
    """The last failed round of each kind and object in use that no other reads, or has read, for.

    Backfills come first.
    """
    instead = SyncRun.objects.filter(
        Q(state__in=SyncRun.STATES_UNDER_WAY)
        | Q(state=State.DONE, finished_at__gt=OuterRef("finished_at")),
        Q(since=None) | Q(since__lte=OuterRef("since")),
        connection=connection,
        kind__in=TASKS,  # said again, for the index
        kind=OuterRef("kind"),
        object_name=OuterRef("object_name"),
    )
    failed = SyncRun.objects.filter(
        ~Exists(instead),
        connection=connection,
        kind__in=TASKS,
        object_name__in=objects_in_use(connection),
        state=State.FAILED,
    )
    return failed.order_by("kind", "object_name", "-pk").distinct("kind", "object_name")


class Pulse:
    """The worker's beat while pages come: not with each of them, for every beat is a commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._beaten_at = -math.inf

    def beat(self) -> None:
        """Raises `AccessEnded` when that is so, within seconds; never call it in a transaction."""
        if time.monotonic() - self._beaten_at > BEAT_EVERY:
            self._beaten_at = time.monotonic()
            beat()
            rounds.confirm_access(self._connection)


class Round(rounds.Round):
    """One attempt at reading an object's records, page by page."""

    def __init__(self, run: SyncRun, lease: HeldLease) -> None:
        super().__init__(run, lease)
        self.pulse = Pulse(self.connection)

    def add(self, taken: TakenIn, client: SalesforceClient, **values: object) -> None:
        """Inside the transaction of a page: the counts and the position move with it."""
        numbers = {name: F(name) + number for name, number in counts(taken).items()}
        SyncRun.objects.filter(pk=self.run.pk).update(
            **numbers,
            **values,
            attempts=1,
            api_calls=F("api_calls") + self.calls_since(client),
        )
        self.lease.confirm()

    def count(self, **more: int) -> None:
        """What was found or changed otherwise than by a page."""
        with transaction.atomic():
            SyncRun.objects.filter(pk=self.run.pk).update(
                **{name: F(name) + number for name, number in more.items()}
            )
            self.lease.confirm()


#: What a round does with the fields in use; begun anew where one of them is there no more.
Work = Callable[[Round, SalesforceClient, FieldSet], None]


def carry_out(run_id: int, work: Work) -> None:
    """Do a queued or interrupted run. Can be called any number of times, by anybody."""
    rounds.carry_out(run_id, lambda run, lease: _work(Round(run, lease), work))


def _work(round_: Round, work: Work) -> None:
    connection = round_.connection
    try:
        round_.pulse.beat()
        with client_for(connection, stop_at_usage=budget.BACKGROUND_UNTIL) as client:
            try:
                with_fields_in_use(
                    client, connection, round_.run.object_name, partial(work, round_, client)
                )
            finally:
                round_.remember_usage(client)
    except AccessEnded:
        round_.end_without_access()
    except SalesforceError as error:
        round_.fail(error)
    except StillPreparing:
        round_.save(attempts=0)  # taken up within a minute, as what was interrupted
    else:
        round_.end(State.DONE)
