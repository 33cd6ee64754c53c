"""Jobs of the Bulk API whose run ended before they were read: the org forgets them, too.

It would keep each for a week, with the records in it.
"""

from __future__ import annotations

import logging

from django.db import models
from django_q.tasks import async_task

from integrations.credentials import client_for
from integrations.models import Connection, SyncRun
from integrations.salesforce import bulk
from integrations.salesforce.errors import (
    LimitReached,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)

from . import budget

logger = logging.getLogger(__name__)

FORGET_TASK = "integrations.tasks.forget_left_job"


def queue_left_jobs() -> None:
    """A task for each job that is left, unless the org's requests run out. Called each minute."""
    for run in _left():
        if budget.used_share(run.connection) < budget.BACKGROUND_UNTIL:
            async_task(FORGET_TASK, run.pk)


def forget_left_job(run_id: int) -> None:
    """Once; where that fails in passing, the next minute has it done again."""
    run = _left().filter(pk=run_id).first()
    if run is None:
        return
    try:
        with client_for(run.connection, stop_at_usage=budget.BACKGROUND_UNTIL) as client:
            bulk.forget(client, run.bulk_job_id)
    except SalesforceError as error:
        logger.warning("the job of run %s was not deleted: %s", run.pk, error.detail)
        if isinstance(error, TransientError | LimitReached | ReconnectRequired):
            return
    _left().filter(pk=run_id).update(bulk_job_id="", bulk_locator="")


def _left() -> models.QuerySet[SyncRun]:
    """The runs that nobody tries again."""
    left = SyncRun.objects.filter(
        state=SyncRun.State.FAILED,
        retry_at=None,
        connection__state__in=Connection.STATES_WITH_ACCESS,
    )
    return left.exclude(bulk_job_id="").select_related("connection__company")
