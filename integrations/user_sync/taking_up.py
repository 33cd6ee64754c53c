"""Finding the work that nobody does: interrupted, lost on the way, or due to be tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django_q.tasks import async_task

from integrations import leases, round_queue
from integrations.models import SyncPlan, SyncRun

from .approving import APPLY_TASK
from .directory import REFRESH_TASK
from .preparing import PREPARE_TASK

#: A task may wait for a busy worker; one that waits longer than this may be lost.
LOST_AFTER = timedelta(seconds=60)


def take_up_work() -> None:
    """Queue what is under way by its own row, but in no worker's hands.

    A task too many does no harm: it finds the lease taken, or nothing left to do.
    """
    round_queue.queue_failed_again([SyncRun.Kind.DIRECTORY])
    for plan in SyncPlan.objects.filter(state__in=SyncPlan.STATES_UNDER_WAY):
        fresh = plan.state == SyncPlan.State.QUEUED and _is_fresh(plan.approved_at)
        if not fresh and leases.is_free(leases.of_plan(plan.pk)):
            async_task(APPLY_TASK, plan.pk)
    for plan in SyncPlan.objects.filter(state=SyncPlan.State.PREPARING).defer("choice"):
        if not _is_fresh(plan.created_at) and leases.is_free(leases.of_plan(plan.pk)):
            async_task(PREPARE_TASK, plan.pk)
    refreshes = SyncRun.objects.filter(kind=SyncRun.Kind.DIRECTORY)
    for run in refreshes.filter(state__in=SyncRun.STATES_UNDER_WAY):
        fresh = run.state == SyncRun.State.QUEUED and _is_fresh(run.created_at)
        if not fresh and leases.is_free(leases.of_run(run.pk)):
            async_task(REFRESH_TASK, run.pk)


def _is_fresh(asked_at: datetime | None) -> bool:
    return asked_at is not None and timezone.now() - asked_at < LOST_AFTER
