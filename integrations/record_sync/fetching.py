"""Reading an object's records page by page, in an order in which one can go on after any page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import TransientError
from integrations.salesforce.pages import Row
from integrations.salesforce.soql import literal, literals, select

from .fields import FieldSet, UnusableRecord, snapshot
from .staging import database_clock

logger = logging.getLogger(__name__)

ORDER = "SystemModstamp, Id"
#: Ids in one query: an address may have 16 KB.
IDS_AT_ONCE = 400
#: The rest of a query may be lost on the way; it is asked for anew from the last page on.
_ASKED_ANEW = {"INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT"}
_TIMES_ANEW = 3


@dataclass(frozen=True)
class Position:
    """The last record of a page that was taken in; the next page begins behind it."""

    stamp: datetime
    record_id: str


@dataclass(frozen=True)
class Arrived:
    """One page. ``asked_at`` is the database's clock before its query, whose answer it is."""

    rows: list[Row]
    asked_at: datetime
    server_time: datetime | None
    position: Position | None  # behind it; None for a page without records
    is_last: bool
    marks: Mapping[str, object] = field(default_factory=dict)  # where to go on, beside position


def read(
    client: SalesforceClient,
    fields: FieldSet,
    where: str,
    behind: Position | None,
    take: Callable[[Arrived], None],
) -> None:
    """Hand over the records of ``where`` in pages, with deleted and archived ones.

    ``take`` must keep each page before it returns. Raises SalesforceError.
    """
    for attempt in range(_TIMES_ANEW + 1):
        try:
            for page in _pages(client, fields, where, behind):
                take(page)
                behind = page.position or behind
        except TransientError as error:
            if error.code not in _ASKED_ANEW or attempt == _TIMES_ANEW:
                raise
            logger.warning("%s is read on from the last page: %s", fields.object_name, error.code)
        else:
            return


def _pages(
    client: SalesforceClient, fields: FieldSet, where: str, behind: Position | None
) -> Iterator[Arrived]:
    conditions = [f"({one})" for one in (where, _after(behind)) if one]
    soql = select(fields.names, fields.object_name, where=" AND ".join(conditions), order_by=ORDER)
    asked_at = database_clock()
    server_time: datetime | None = None
    for page in client.pages(soql, include_deleted=True):
        server_time = server_time or client.server_time
        yield Arrived(
            page.rows,
            asked_at,
            server_time,
            _position(page.rows, fields),
            is_last=not page.next_records_url,
        )


def fetch_by_ids(
    client: SalesforceClient, fields: FieldSet, record_ids: Sequence[str]
) -> Iterator[tuple[list[Row], datetime]]:
    """The records of these ids, also deleted ones, as far as the connecting user sees them."""
    for start in range(0, len(record_ids), IDS_AT_ONCE):
        some = record_ids[start : start + IDS_AT_ONCE]
        asked_at = database_clock()
        soql = select(fields.names, fields.object_name, where=f"Id IN {literals(some)}")
        yield list(client.query_all(soql)), asked_at


def since(moment: datetime) -> str:
    return f"SystemModstamp >= {literal(moment)}"


def _after(behind: Position | None) -> str:
    if behind is None:
        return ""
    stamp = literal(behind.stamp)
    return (
        f"SystemModstamp > {stamp}"
        f" OR (SystemModstamp = {stamp} AND Id > {literal(behind.record_id)})"
    )


def _position(rows: Sequence[Any], fields: FieldSet) -> Position | None:
    """Behind the last record that one can read: an odd one at the end is read once more."""
    for row in reversed(rows):
        try:
            last = snapshot(row, fields)
        except UnusableRecord:
            continue
        return Position(last.system_modstamp, last.record_id)
    return None
