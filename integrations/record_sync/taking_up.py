"""Finding the work that nobody does: polls that are due, rounds that were interrupted or failed."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from integrations import leases, round_queue
from integrations.models import Connection, SyncRun, Watermark

from . import budget
from .describing import objects_in_use
from .reconciling import request_reconcile
from .runs import TASKS

POLL_TASK = "integrations.tasks.poll_records"
#: A task may wait for a busy worker; one that waits longer than this may be lost.
LOST_AFTER = timedelta(seconds=60)
#: The beat comes each half minute: a poll that is due within the next seconds is due now.
_NEARLY = timedelta(seconds=10)
RECONCILED_EVERY = timedelta(hours=24)
#: When most people sleep, in UTC; a company that never was compared does not wait for it.
NIGHT = (time(1), time(4))


def take_up_work() -> None:
    """Queue what is due and in nobody's hands. A task too many finds nothing to do."""
    round_queue.queue_failed_again(TASKS)
    for run in SyncRun.objects.filter(kind__in=TASKS, state__in=SyncRun.STATES_UNDER_WAY):
        fresh = run.state == SyncRun.State.QUEUED and timezone.now() - run.created_at < LOST_AFTER
        if not fresh and leases.is_free(leases.of_run(run.pk)):
            async_task(TASKS[SyncRun.Kind(run.kind)], run.pk)
    for connection in Connection.objects.filter(workflows__isnull=False).distinct():
        if _poll_is_due(connection) and leases.is_free(leases.of_records(connection.pk)):
            async_task(POLL_TASK, connection.pk)
        _ask_for_the_nightly_comparison(connection)


def _poll_is_due(connection: Connection) -> bool:
    """Where Salesforce is not asked, what is due here is looked for all the same."""
    asks = connection.has_access and objects_in_use(connection)
    every = budget.poll_every(connection) if asks else budget.OFTEN
    last = connection.polled_at
    return last is None or timezone.now() - last > every - _NEARLY


def _ask_for_the_nightly_comparison(connection: Connection) -> None:
    if not connection.has_access or budget.used_share(connection) >= budget.SLOW_FROM:
        return
    now = timezone.now()
    if not NIGHT[0] <= now.time() < NIGHT[1]:
        return
    marks = Watermark.objects.filter(
        Q(reconciled_at=None) | Q(reconciled_at__lt=now - RECONCILED_EVERY + timedelta(hours=4)),
        connection=connection,
        object_name__in=objects_in_use(connection),
    )
    for mark in marks.exclude(polled_at=None):
        if not _failed_tonight(mark, now):
            request_reconcile(connection, mark.object_name, by=None)


def _failed_tonight(mark: Watermark, now: datetime) -> bool:
    return SyncRun.objects.filter(
        connection=mark.connection_id,
        kind=SyncRun.Kind.RECONCILE,
        object_name=mark.object_name,
        created_at__gt=now - timedelta(hours=12),
        state=SyncRun.State.FAILED,
    ).exists()
