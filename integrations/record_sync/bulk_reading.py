"""Reading very many records through a job of the Bulk API, which goes on where it stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import islice

from django.utils import timezone

from integrations.leases import LeaseLost
from integrations.rounds import FROM_THE_BEGINNING
from integrations.salesforce import bulk
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    ConfigurationError,
    PermanentError,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.soql import select

from .evaluating import BATCH
from .fetching import Arrived, Position, read
from .fields import FieldSet
from .runs import Round, StillPreparing
from .staging import database_clock

logger = logging.getLogger(__name__)

#: So long the worker waits at once; then it does other work, while the job goes on.
LONGEST_WAIT = 5 * 60.0
#: Salesforce prepares the answer in this time, or the job is begun anew.
GIVEN_UP_AFTER = timedelta(hours=12)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


def read_in_bulk(
    round_: Round,
    client: SalesforceClient,
    fields: FieldSet,
    where: str,
    take: Callable[[Arrived], None],
) -> None:
    """Hand over the records of ``where`` in pages; in usual pages where there is no Bulk API."""
    if not round_.run.bulk_job_id and not _begin_job(round_, client, fields, where):
        run = round_.run
        behind = Position(run.page_stamp, run.page_record_id) if run.page_stamp else None
        read(client, fields, where, behind, take)
        return
    try:
        _wait(round_, client)
        _take_results(round_, client, fields, take)
    except PermanentError as error:
        if error.code != "NOT_FOUND":
            raise
        # Salesforce keeps a job for a week, and a pause may last longer.
        round_.save(**FROM_THE_BEGINNING)
        raise TransientError(
            "Salesforce keeps the list of records no longer. It is asked for again.",
            detail=error.detail,
        ) from error
    forget_job(round_, client)


def _begin_job(round_: Round, client: SalesforceClient, fields: FieldSet, where: str) -> bool:
    """Whether Salesforce prepares the answer; else there is no Bulk API for it."""
    asked_at = database_clock()
    try:
        job = bulk.start_query(client, select(fields.names, fields.object_name, where=where))
    except (ConfigurationError, PermanentError) as error:
        logger.warning("run %s goes without the Bulk API: %s", round_.run.pk, error.detail)
        return False
    # All parts are an answer to this request, whenever they are fetched.
    round_.save(bulk_job_id=job.id, bulk_locator="", window_end=asked_at)
    return True


def forget_job(round_: Round, client: SalesforceClient) -> None:
    """Let the org forget the job, too: it would keep it, and what it holds, for a week."""
    job_id = round_.run.bulk_job_id
    round_.save(bulk_job_id="", bulk_locator="")
    try:
        bulk.forget(client, job_id)
    except SalesforceError as error:
        logger.warning("the job of run %s stays in the org: %s", round_.run.pk, error.detail)


def _wait(round_: Round, client: SalesforceClient) -> None:
    pause, ends_at = _FIRST_PAUSE, time.monotonic() + LONGEST_WAIT
    asked_at = round_.run.window_end
    assert asked_at is not None
    while not (job := bulk.query_job(client, round_.run.bulk_job_id)).is_complete:
        if job.has_failed or timezone.now() - asked_at > GIVEN_UP_AFTER:
            forget_job(round_, client)
            raise TransientError(
                "Salesforce gave up preparing the list of records. It is asked for again.",
                detail=f"{job.state}: {job.error}",
            )
        if round_.lease.lost:
            raise LeaseLost(round_.lease.name)
        if time.monotonic() > ends_at:
            raise StillPreparing
        round_.pulse.beat()
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _take_results(
    round_: Round,
    client: SalesforceClient,
    fields: FieldSet,
    take: Callable[[Arrived], None],
) -> None:
    run = round_.run
    assert run.window_end is not None
    locator = run.bulk_locator
    while True:
        part = bulk.results(client, run.bulk_job_id, locator)
        rows = part.rows
        following = list(islice(rows, BATCH))
        if following and any(name not in following[0] for name in fields.names):
            forget_job(round_, client)
            raise _lacks_a_field(following[0])
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


def _lacks_a_field(columns: Iterable[str]) -> TransientError:
    return TransientError(
        "Salesforce's list of records lacks a field that was asked for. Nothing was taken from it;"
        " it is asked for again.",
        detail=f"columns {', '.join(columns)}",
    )
