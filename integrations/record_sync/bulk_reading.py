"""Reading very many records through a job of the Bulk API, which goes on where it stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import islice

from integrations.leases import LeaseLost
from integrations.salesforce import bulk
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, PermanentError, TransientError
from integrations.salesforce.soql import select

from .evaluating import BATCH
from .fetching import Arrived, Position, read
from .fields import FieldSet
from .runs import Round
from .staging import database_clock

logger = logging.getLogger(__name__)

#: Salesforce prepares the answer in this time, or the job is begun anew later.
LONGEST_WAIT = 30 * 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


def read_in_bulk(
    round_: Round,
    client: SalesforceClient,
    fields: FieldSet,
    where: str,
    take: Callable[[Arrived], None],
) -> None:
    """Hand over the records of ``where`` in pages; in usual pages where there is no Bulk API."""
    run = round_.run
    if not run.bulk_job_id:
        soql = select(fields.names, fields.object_name, where=where)
        asked_at = database_clock()
        try:
            job = bulk.start_query(client, soql)
        except (ConfigurationError, PermanentError) as error:
            logger.warning("run %s goes without the Bulk API: %s", run.pk, error.detail)
            behind = Position(run.page_stamp, run.page_record_id) if run.page_stamp else None
            read(client, fields, where, behind, take)
            return
        # All parts are an answer to this request, whenever they are fetched.
        round_.save(bulk_job_id=job.id, bulk_locator="", window_end=asked_at)
    _wait(round_, client)
    _take_results(round_, client, take)
    round_.save(bulk_job_id="", bulk_locator="")


def _wait(round_: Round, client: SalesforceClient) -> None:
    pause, ends_at = _FIRST_PAUSE, time.monotonic() + LONGEST_WAIT
    while not (job := bulk.query_job(client, round_.run.bulk_job_id)).is_complete:
        if job.has_failed or time.monotonic() > ends_at:
            round_.save(bulk_job_id="", bulk_locator="")
            raise TransientError(
                "Salesforce gave up preparing the list of records. It is asked for again.",
                detail=f"{job.state}: {job.error}",
            )
        if round_.lease.lost:
            raise LeaseLost(round_.lease.name)
        round_.pulse.beat()
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _take_results(round_: Round, client: SalesforceClient, take: Callable[[Arrived], None]) -> None:
    run = round_.run
    assert run.window_end is not None
    locator = run.bulk_locator
    while True:
        part = bulk.results(client, run.bulk_job_id, locator)
        rows = part.rows
        following = list(islice(rows, BATCH))
        while True:
            some, following = following, list(islice(rows, BATCH))
            # The position moves with the last page of a part: at most one part is read twice.
            marks = {} if following or not part.locator else {"bulk_locator": part.locator}
            is_last = not following and not part.locator
            take(Arrived([*some], run.window_end, None, None, is_last, marks))
            if not following:
                break
        if not part.locator:
            return
        locator = part.locator
