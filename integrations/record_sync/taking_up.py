"""Finding the work that nobody does: polls that are due, rounds that were interrupted or failed.

A query each, however many connections there are: this is looked for each half minute.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from integrations import leases, round_queue
from integrations.models import Connection, SyncRun, Watermark, Workflow

from . import budget
from .describing import FOLLOWED, followed_connections
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
    _queue_lost_rounds()
    _queue_due_polls()
    _ask_for_nightly_comparisons()


def _queue_lost_rounds() -> None:
    under_way = SyncRun.objects.filter(kind__in=TASKS, state__in=SyncRun.STATES_UNDER_WAY)
    fresh = Q(state=SyncRun.State.QUEUED, created_at__gt=timezone.now() - LOST_AFTER)
    runs = list(under_way.exclude(fresh))
    in_hand = leases.taken([leases.of_run(run.pk) for run in runs])
    for run in runs:
        if leases.of_run(run.pk) not in in_hand:
            async_task(TASKS[SyncRun.Kind(run.kind)], run.pk)


def _queue_due_polls() -> None:
    """Where Salesforce is not asked, what is due here is looked for all the same."""
    asked = set(followed_connections().values_list("pk", flat=True))
    with_workflows = Connection.objects.filter(
        Exists(Workflow.objects.filter(connection=OuterRef("pk")))
    )
    due = [one for one in with_workflows if _poll_is_due(one, is_asked=one.pk in asked)]
    in_hand = leases.taken([leases.of_records(one.pk) for one in due])
    for connection in due:
        if leases.of_records(connection.pk) not in in_hand:
            async_task(POLL_TASK, connection.pk)


def _poll_is_due(connection: Connection, *, is_asked: bool) -> bool:
    every = budget.poll_every(connection) if is_asked else budget.OFTEN
    last = connection.polled_at
    return last is None or timezone.now() - last > every - _NEARLY


def _ask_for_nightly_comparisons() -> None:
    now = timezone.now()
    if not NIGHT[0] <= now.time() < NIGHT[1]:
        return
    for mark in _to_compare(now).select_related("connection"):
        if budget.used_share(mark.connection) < budget.SLOW_FROM:
            request_reconcile(mark.connection, mark.object_name, by=None)


def _to_compare(now: datetime) -> QuerySet[Watermark]:
    """The objects in use that were read, not compared lately, and have not failed tonight."""
    of_object = {"connection": OuterRef("connection"), "object_name": OuterRef("object_name")}
    followed = Workflow.objects.filter(**of_object, state__in=FOLLOWED)
    failed = SyncRun.objects.filter(
        **of_object,
        kind=SyncRun.Kind.RECONCILE,
        state=SyncRun.State.FAILED,
        created_at__gt=now - timedelta(hours=12),
    )
    lately = now - RECONCILED_EVERY + timedelta(hours=4)
    marks: QuerySet[Watermark] = Watermark.objects.filter(
        Q(reconciled_at=None) | Q(reconciled_at__lt=lately),
        Exists(followed),
        ~Exists(failed),
        connection__state__in=Connection.STATES_WITH_ACCESS,
        polled_at__isnull=False,
    )
    return marks
