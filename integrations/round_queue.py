"""The queue of rounds: each waits once, widened to all that is asked for meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django_q.tasks import async_task

from integrations.models import Connection, SyncRun

State = SyncRun.State


@transaction.atomic
def queue(
    connection: Connection,
    kind: SyncRun.Kind,
    task: str,
    *,
    object_name: str = "",
    **values: Any,
) -> SyncRun:
    """Queue a round, or return the one of this kind and object that is under way.

    One that waits is widened to what is asked for; behind one that has begun and does not cover
    it, another one waits.
    """
    # One at a time: who waits for this lock finds the run of who was first.
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    runs = SyncRun.objects.filter(connection=connection, kind=kind, object_name=object_name)
    under_way = _under_way(runs, values)
    if under_way is not None:
        return under_way
    _come_instead(runs, values)
    run = SyncRun.objects.create(
        company_id=connection.company_id,
        connection=connection,
        kind=kind,
        object_name=object_name,
        **values,
    )
    async_task(task, run.pk)
    return run


def _under_way(runs: models.QuerySet[SyncRun], values: Mapping[str, Any]) -> SyncRun | None:
    """The one that waits, or is under way, and reads what is asked for."""
    # Locked, so that it does not begin meanwhile.
    waiting = runs.filter(state=State.QUEUED).select_for_update(no_key=True, of=("self",)).first()
    if waiting is not None:
        _widen(waiting, values)
        return waiting
    running = runs.filter(state=State.RUNNING).first()
    return running if running is not None and _covers(running, values) else None


def _come_instead(runs: models.QuerySet[SyncRun], values: dict[str, Any]) -> None:
    """Reach back as far, too, as those that failed and were to be tried again."""
    to_retry = list(runs.filter(retry_at__isnull=False))
    for failed in to_retry:
        values["since"] = _earlier(failed.since, values.get("since"))
        values["accepts_shrinking"] = failed.accepts_shrinking or _accepts_shrinking(values)
    # Those alone: what fails just now was not among them, and is tried again by itself.
    runs.filter(pk__in=[one.pk for one in to_retry]).update(retry_at=None)


def queue_failed_again(kinds: Collection[str]) -> None:
    """Queue what failed in passing and is to be tried now; nothing while there is no access."""
    due = SyncRun.objects.filter(
        kind__in=kinds,
        state=State.FAILED,
        retry_at__lte=timezone.now(),
        connection__state__in=Connection.STATES_WITH_ACCESS,
    )
    for failed in due:
        _queue_again(failed)


@transaction.atomic
def _queue_again(failed: SyncRun) -> None:
    """Or leave what it would read to the round under way that reads it, too."""
    Connection.objects.select_for_update(no_key=True).get(pk=failed.connection_id)
    runs = SyncRun.objects.filter(
        connection=failed.connection_id, kind=failed.kind, object_name=failed.object_name
    )
    wants = {name: getattr(failed, name) for name in ("since", "field_set", "accepts_shrinking")}
    changes: dict[str, Any] = {"retry_at": None}
    if _under_way(runs, wants) is None:
        changes |= {"state": State.QUEUED, "finished_at": None}
    runs.filter(pk=failed.pk, state=State.FAILED, retry_at__isnull=False).update(**changes)


def _widen(waiting: SyncRun, values: Mapping[str, Any]) -> None:
    """Let a queued round do this, too: reach back to that day (None is the beginning of all), and
    believe what a person has looked at.
    """
    earlier = _earlier(waiting.since, values.get("since"))
    if earlier != waiting.since:
        waiting.since = earlier
        # What it has read is too little: it begins anew, as where it was read for other fields.
        SyncRun.objects.filter(pk=waiting.pk).update(since=earlier, field_set="")
    if _accepts_shrinking(values) and not waiting.accepts_shrinking:
        waiting.accepts_shrinking = True
        waiting.save(update_fields=["accepts_shrinking"])


def _covers(run: SyncRun, values: Mapping[str, Any]) -> bool:
    reaches = _earlier(run.since, values.get("since")) == run.since
    believes = run.accepts_shrinking or not _accepts_shrinking(values)
    return reaches and believes and run.field_set == values.get("field_set", "")


def _accepts_shrinking(values: Mapping[str, Any]) -> bool:
    return bool(values.get("accepts_shrinking"))


def _earlier(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else min(one, other)
