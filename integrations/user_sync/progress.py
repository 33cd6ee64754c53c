"""How far a plan is, and whether anybody works on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from integrations import leases
from integrations.models import Heartbeat, Lease, PlannedChange, SyncPlan

WORKER = "worker"
#: The worker beats every half minute, and while it works: two beats missed are a silence.
SILENT_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class Progress:
    """Rows that are done; of a plan that is being prepared, people who are decided about."""

    done: int
    total: int
    by_outcome: Mapping[str, int]
    worker_silent_since: datetime | None

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100


def beat() -> None:
    """The worker shows that it does its work."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=WORKER, at=timezone.now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at"],
    )


def progress(plan: SyncPlan) -> Progress:
    counts = dict(
        plan.changes.values_list("outcome").annotate(rows=Count("pk")).order_by("outcome")
    )
    total = sum(counts.values())
    done = total - counts.get(PlannedChange.Outcome.WAITING, 0)
    if plan.state == SyncPlan.State.PREPARING:
        done, total = total, plan.rows_to_prepare
    return Progress(
        done=done,
        total=total,
        by_outcome=counts,
        worker_silent_since=silent_since(plan),
    )


def silent_since(plan: SyncPlan) -> datetime | None:
    """Since when a plan that is under way waits for a worker that does not come.

    A queued plan whose worker is busy with other work is not that: then the worker still beats.
    """
    if plan.state in (SyncPlan.State.PREPARING, SyncPlan.State.QUEUED):
        return silent(plan.approved_at or plan.created_at)
    if plan.state != SyncPlan.State.APPLYING:
        return None
    lease = Lease.objects.filter(name=leases.of_plan(plan.pk)).first()
    seen = leases.last_sign_of_life(lease) if lease else plan.started_at
    if seen is None or timezone.now() - seen < SILENT_AFTER:
        return None
    return seen


def silent(asked_at: datetime) -> datetime | None:
    """Since when no worker has shown itself to somebody who waits for one since ``asked_at``."""
    last = Heartbeat.objects.filter(name=WORKER).values_list("at", flat=True).first()
    since = max(asked_at, last) if last else asked_at
    return since if timezone.now() - since >= SILENT_AFTER else None
