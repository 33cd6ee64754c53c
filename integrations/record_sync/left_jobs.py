"""Jobs of the Bulk API whose run ended before they were read: the org forgets them, too.

It would keep each for a week, with the records in it.
"""

from __future__ import annotations

import logging

from integrations.credentials import client_for
from integrations.models import Connection, SyncRun
from integrations.salesforce import bulk
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS

logger = logging.getLogger(__name__)


def forget_left_jobs() -> None:
    """Those of runs that nobody tries again; once each. Called each minute."""
    left = SyncRun.objects.filter(
        state=SyncRun.State.FAILED,
        retry_at=None,
        connection__state__in=Connection.STATES_WITH_ACCESS,
    ).exclude(bulk_job_id="")
    for run in left.select_related("connection__company"):
        _forget(run)


def _forget(run: SyncRun) -> None:
    SyncRun.objects.filter(pk=run.pk).update(bulk_job_id="", bulk_locator="")
    try:
        with client_for(run.connection, limits=WHILE_SOMEBODY_WAITS) as client:
            bulk.forget(client, run.bulk_job_id)
    except SalesforceError as error:
        logger.warning("the job of run %s stays in the org: %s", run.pk, error.detail)
