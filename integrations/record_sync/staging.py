"""Keeping the latest snapshot of each record; what says nothing new is not written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection as database
from django.db import transaction

from accounts import bulk_writer
from integrations.models import Connection, SalesforceRecord

from .fields import FieldSet, Snapshot

_COLUMNS = ("record_id", "fields", "system_modstamp", "is_deleted")
_as_row = attrgetter(*_COLUMNS)


def _says_more(arriving: str) -> str:
    """SQL for whether a row of this name is newer than the kept one, and differs from it."""
    return f"""
        ({arriving}.system_modstamp, %(requested_at)s) > (kept.system_modstamp, kept.requested_at)
        AND ({arriving}.fields, %(field_set)s, {arriving}.is_deleted, {arriving}.system_modstamp)
            IS DISTINCT FROM (kept.fields, kept.field_set, kept.is_deleted, kept.system_modstamp)
        OR kept.not_visible_since IS NOT NULL AND %(requested_at)s > kept.not_visible_since
    """


# The join spares locking, and so dirtying, the rows that say nothing new. The same guard stands
# in the ON CONFLICT for what another writer commits meanwhile.
_WRITE = f"""
    INSERT INTO integrations_salesforcerecord AS kept (company_id, connection_id, object_name,
        record_id, fields, field_set, system_modstamp, requested_at, is_deleted, version)
    SELECT %(company)s, %(connection)s, %(object_name)s, incoming.record_id, incoming.fields,
        %(field_set)s, incoming.system_modstamp, %(requested_at)s, incoming.is_deleted, 1
    FROM incoming
    LEFT JOIN integrations_salesforcerecord kept
        ON kept.connection_id = %(connection)s AND kept.record_id = incoming.record_id
    WHERE kept.id IS NULL OR {_says_more("incoming")}
    ORDER BY incoming.record_id
    ON CONFLICT (connection_id, record_id) DO UPDATE SET
        fields = EXCLUDED.fields, field_set = EXCLUDED.field_set,
        is_deleted = EXCLUDED.is_deleted, requested_at = EXCLUDED.requested_at,
        system_modstamp = EXCLUDED.system_modstamp, not_visible_since = NULL,
        version = kept.version + CASE
            WHEN (EXCLUDED.fields, EXCLUDED.field_set, EXCLUDED.is_deleted)
                IS DISTINCT FROM (kept.fields, kept.field_set, kept.is_deleted)
            THEN 1 ELSE 0 END
    WHERE {_says_more("EXCLUDED")}
    RETURNING id, (xmax = 0)
"""  # noqa: S608


@dataclass(frozen=True)
class Staged:
    """The rows that were written, by their own ids."""

    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        return self.added + self.changed


def database_clock() -> datetime:
    """The time by which requests are put in order, whatever machine they start on."""
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


@transaction.atomic
def stage(
    connection: Connection,
    fields: FieldSet,
    snapshots: Iterable[Snapshot],
    requested_at: datetime,
) -> Staged:
    """Keep the snapshots that are newer than what is kept and say something else.

    ``requested_at`` is :func:`database_clock` before the request. A record's version rises only
    when its fields, its field set or its deletion differ. Of two snapshots of one record the newer
    counts.
    """
    latest = _latest(snapshots)
    if not latest:
        return Staged()
    values: dict[str, Any] = {
        "company": connection.company_id,
        "connection": connection.pk,
        "object_name": fields.object_name,
        "field_set": fields.digest,
        "requested_at": requested_at,
    }
    with database.cursor() as cursor:
        bulk_writer.stage(cursor, SalesforceRecord, _COLUMNS, map(_as_row, latest))
        cursor.execute(_WRITE, values)
        written = cursor.fetchall()
        bulk_writer.unstage(cursor)
    added = tuple(pk for pk, is_new in written if is_new)
    return Staged(added, changed=tuple(pk for pk, is_new in written if not is_new))


def _latest(snapshots: Iterable[Snapshot]) -> Collection[Snapshot]:
    """One of each record."""
    latest: dict[str, Snapshot] = {}
    for one in snapshots:
        known = latest.get(one.record_id)
        if known is None or known.system_modstamp <= one.system_modstamp:
            latest[one.record_id] = one
    return latest.values()


def mark_deleted(
    connection: Connection, record_ids: Collection[str], deleted_at: datetime
) -> tuple[int, ...]:
    """Salesforce says that these are deleted, and shows them no more; the ids of those changed."""
    return _update(
        connection,
        record_ids,
        "is_deleted = TRUE, version = version + 1, requested_at = clock_timestamp(),"
        " system_modstamp = GREATEST(system_modstamp, %(at)s)",
        "NOT is_deleted",
        deleted_at,
    )


def mark_not_visible(
    connection: Connection, record_ids: Collection[str], since: datetime
) -> tuple[int, ...]:
    """The connecting user sees these no more, which says nothing about them."""
    return _update(
        connection,
        record_ids,
        "not_visible_since = %(at)s",
        "NOT is_deleted AND not_visible_since IS NULL",
        since,
    )


def _update(
    connection: Connection, record_ids: Collection[str], changes: str, where: str, at: datetime
) -> tuple[int, ...]:
    with database.cursor() as cursor:
        cursor.execute(
            f"UPDATE integrations_salesforcerecord SET {changes}"  # noqa: S608
            f" WHERE connection_id = %(connection)s AND record_id = ANY(%(ids)s) AND {where}"
            " RETURNING id",
            {"connection": connection.pk, "ids": list(record_ids), "at": at},
        )
        return tuple(pk for (pk,) in cursor.fetchall())
