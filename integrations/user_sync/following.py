"""What follows by itself: after each refresh, each minute, each hour. All of it may run twice.

- ``follow_refresh(run_id)`` after a refresh; ``every_minute()``.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection, SyncRun

from . import automatic, deprovisioning, replanning
from .attributes import plan_attributes
from .directory import request_refresh
from .errors import RefreshRefused

logger = logging.getLogger(__name__)

REFRESHED_EVERY = timedelta(hours=1)


def every_minute() -> None:
    refresh_what_is_old()
    automatic.plan_everywhere()
    deprovisioning.plan_everywhere()
    replanning.replan_old_requests()


def refresh_what_is_old() -> None:
    """Queue a refresh where the last one, or the last try, is an hour old."""
    due = timezone.now() - REFRESHED_EVERY
    lately = SyncRun.objects.filter(kind=SyncRun.Kind.DIRECTORY, created_at__gt=due)
    waiting = SyncRun.objects.filter(
        Q(state__in=(*SyncRun.STATES_UNDER_WAY,)) | Q(retry_at__isnull=False),
        kind=SyncRun.Kind.DIRECTORY,
    )
    old = Connection.objects.filter(
        state__in=Connection.STATES_WITH_ACCESS, directory_refreshed_at__lt=due
    ).exclude(Q(pk__in=lately.values("connection")) | Q(pk__in=waiting.values("connection")))
    for connection in old:
        try:
            request_refresh(connection, by=None)
        except RefreshRefused as error:
            logger.info("connection %s not refreshed: %s", connection.pk, error)


def follow_refresh(run_id: int) -> None:
    """Attributes follow what the refresh brought."""
    run = SyncRun.objects.select_related("connection", "connection__company").filter(
        pk=run_id, state=SyncRun.State.DONE
    )
    for one in run:
        plan_attributes(one.connection)
