"""The backfill: records from before the connection looked, each in its own date's place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from accounts import bulk_writer
from accounts.models import User
from activities.models import ActivityReport
from integrations.models import (
    Connection,
    Evaluation,
    SalesforceRecord,
    SyncRun,
    Watermark,
    Workflow,
)
from integrations.rounds import FROM_THE_BEGINNING
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.soql import literal, select

from . import runs
from .arriving import take_in
from .bulk_reading import forget_job, read_in_bulk
from .describing import begun_watermark, known_field_set, watermark
from .fetching import Arrived, Position, read
from .fields import KEPT_APART, FieldSet, find, wanted_fields
from .runs import Round

#: Above so many records a job of the Bulk API is cheaper than pages, which cost a request each.
BULK_FROM = 50_000
#: A day begins somewhere on earth up to 14 hours before it does in UTC.
_DAY_BEGINS_EARLIER = timedelta(hours=14)
#: Salesforce began in this year; nothing happened in it before.
FIRST_DAY = date(1999, 1, 1)


def request_backfill(
    connection: Connection, object_name: str, since: date | None, *, by: User | None
) -> SyncRun:
    """Queue a backfill of what happened or changed since that day. Raises `runs.RunRefused`."""
    return runs.request(
        connection,
        SyncRun.Kind.BACKFILL,
        object_name,
        by=by,
        since=since,
        field_set=known_field_set(connection, object_name),
    )


def ask_for_missing_fields(workflow: Workflow) -> None:
    """Have the records read once more of which some were kept without a field it needs.

    Raises `runs.RunRefused`.
    """
    mark = watermark(workflow.connection, workflow.object_name)
    needed = [find(name, mark.field_types) or name for name in wanted_fields(workflow)]
    lacking = SalesforceRecord.objects.filter(
        connection=workflow.connection_id,
        object_name=workflow.object_name,
        is_deleted=False,
        not_visible_since=None,
    ).exclude(fields__has_keys=[name for name in needed if name not in KEPT_APART])
    if lacking.exists():
        since = mark.covers_from.date() if mark.covers_from else None
        request_backfill(workflow.connection, workflow.object_name, since, by=None)


def backfill(run_id: int) -> None:
    """Do a queued or interrupted backfill; it goes on behind the last page that was taken in."""
    runs.carry_out(run_id, _backfill)


def _backfill(round_: Round, client: SalesforceClient, fields: FieldSet) -> None:
    run, connection = round_.run, round_.connection
    begun_watermark(client, connection, run.object_name)
    if run.field_set != fields.digest:  # what was read before lacks fields
        if run.bulk_job_id:
            forget_job(round_, client)
        round_.save(field_set=fields.digest, **FROM_THE_BEGINNING)
    where = _since(connection, run, fields)
    if run.expected is None:
        count = select_count(run.object_name, where)
        round_.save(expected=client.first_page(count).total_size)
    take = _take(round_, client, fields)
    if (run.expected or 0) > BULK_FROM or run.bulk_job_id:
        read_in_bulk(round_, client, fields, where, take)
    else:
        behind = Position(run.page_stamp, run.page_record_id) if run.page_stamp else None
        read(client, fields, where, behind, take)
    _covered(connection, run)


def select_count(object_name: str, where: str) -> str:
    counted = select(["Id"], object_name, where=where)
    return counted.replace("SELECT Id", "SELECT COUNT()", 1)


def _take(round_: Round, client: SalesforceClient, fields: FieldSet) -> Callable[[Arrived], None]:
    is_first = True

    def take(page: Arrived) -> None:
        nonlocal is_first
        round_.pulse.beat()
        position = page.position
        moved = (
            {"page_stamp": position.stamp, "page_record_id": position.record_id} if position else {}
        )
        take_in(
            round_.connection,
            fields,
            page.rows,
            page.asked_at,
            live=False,
            before_commit=lambda taken: round_.add(taken, client, **moved, **page.marks),
        )
        if is_first and not page.is_last:
            bulk_writer.analyze(SalesforceRecord, Evaluation, ActivityReport)
            is_first = False

    return take


def _since(connection: Connection, run: SyncRun, fields: FieldSet) -> str:
    """What happened since that day by some workflow's date, or changed since then."""
    if run.since is None:
        return ""
    first = max(run.since, FIRST_DAY)
    begins = datetime.combine(first, time(), UTC) - _DAY_BEGINS_EARLIER
    conditions = [f"SystemModstamp >= {literal(begins)}"]
    workflows = Workflow.objects.filter(connection=connection, object_name=run.object_name)
    for name in sorted({one.date_field for one in workflows}):
        found = find(name, fields.types)
        kind = fields.types.get(found or "")
        if kind in ("date", "datetime"):
            day = first if kind == "date" else begins
            conditions.append(f"{found} >= {literal(day)}")
    return " OR ".join(conditions)


def _covered(connection: Connection, run: SyncRun) -> None:
    """From now on the comparison with Salesforce covers these records, too."""
    marks = Watermark.objects.filter(connection=connection, object_name=run.object_name)
    if run.since is None:
        marks.update(covers_from=None)
        return
    since = datetime.combine(max(run.since, FIRST_DAY), time(), UTC)
    marks.filter(covers_from__gt=since).update(covers_from=since)
