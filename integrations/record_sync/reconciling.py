"""The nightly comparison with Salesforce, month by month: what the poll missed is repaired."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Min

from accounts.models import User
from integrations.models import Connection, SalesforceRecord, SyncRun, Watermark
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import PermanentError
from integrations.salesforce.ids import to_18
from integrations.salesforce.soql import literal, select

from . import runs
from .arriving import take_in
from .describing import begun_watermark
from .fetching import fetch_by_ids
from .fields import FieldSet
from .judging import judge_records
from .runs import Round
from .staging import database_clock, mark_deleted, mark_not_visible

logger = logging.getLogger(__name__)

#: What is younger than this may still be on its way by the poll.
NOT_YET = timedelta(minutes=15)
#: Salesforce lists deletions of at most this time.
DELETED_LISTED = timedelta(days=14)
#: Months with few records are asked for together: each request is one of the org's.
FEW, MOST_MONTHS = 500, 12
#: A time with more records than fit into memory is parted; a minute is the shortest.
MOST_AT_ONCE, SHORTEST = 100_000, timedelta(minutes=1)

Stamps = Mapping[str, tuple[datetime, bool]]


def request_reconcile(connection: Connection, object_name: str, *, by: User | None) -> SyncRun:
    """Queue a comparison of an object. Raises `runs.RunRefused`."""
    return runs.request(connection, SyncRun.Kind.RECONCILE, object_name, by=by)


def reconcile(run_id: int) -> None:
    """Do a queued comparison, or an interrupted one from the month that it was at."""
    runs.carry_out(run_id, lambda round_, client, fields: _Reconcile(round_, client, fields).run())


class _Reconcile:
    """Everything is compared by its stamp's month. What a month of ours has and theirs has not is
    asked for by its id: it may just have changed, and so have moved to the last month."""

    def __init__(self, round_: Round, client: SalesforceClient, fields: FieldSet) -> None:
        self.round = round_
        self.client = client
        self.fields = fields
        self.connection = round_.connection
        self.object_name = round_.run.object_name

    def run(self) -> None:
        mark = begun_watermark(self.client, self.connection, self.object_name)
        assert mark.read_until is not None
        until = mark.read_until - NOT_YET
        begins, months = self.round.run.page_stamp or self._begins(mark), 1
        while begins < until:
            self.round.pulse.beat()
            ends, theirs, ours = self._both(begins, min(months_later(begins, months), until))
            differs = [
                one
                for one, said in theirs.items()
                if ours.get(one) != said and (one in ours or _is_covered(said[0], mark))
            ]
            self._repair(differs)
            self._look_for(ours.keys() - theirs.keys())
            begins = ends
            self.round.save(page_stamp=begins, attempts=1)
            months = min(2 * months, MOST_MONTHS) if len(theirs) < FEW else 1
        Watermark.objects.filter(pk=mark.pk).update(reconciled_at=database_clock())

    def _begins(self, mark: Watermark) -> datetime:
        oldest = self._records().aggregate(oldest=Min("system_modstamp"))["oldest"]
        found = [one for one in (mark.covers_from, oldest, mark.read_until) if one is not None]
        return min(found)

    def _both(self, begins: datetime, ends: datetime) -> tuple[datetime, Stamps, Stamps]:
        """Theirs and ours of this time, or of less: until when, where there are too many."""
        while True:
            is_short = ends - begins <= SHORTEST
            if (
                is_short
                or self._records_of(begins, ends)[: MOST_AT_ONCE + 1].count() <= MOST_AT_ONCE
            ):
                theirs = self._theirs(begins, ends, is_short)
                if theirs is not None:
                    return ends, theirs, self._ours(begins, ends)
            ends = (begins + (ends - begins) / 2).replace(microsecond=0)

    def _theirs(self, begins: datetime, ends: datetime, all_of_them: bool) -> Stamps | None:
        """None where there are too many."""
        where = f"SystemModstamp >= {literal(begins)} AND SystemModstamp < {literal(ends)}"
        names = [n for n in ("Id", "SystemModstamp", "IsDeleted") if n in self.fields.types]
        soql = select(names, self.object_name, where=where)
        found: dict[str, tuple[datetime, bool]] = {}
        for page in self.client.pages(soql, include_deleted=True):
            if page.total_size > MOST_AT_ONCE and not all_of_them:
                return None
            for row in page.rows:
                stamp = datetime.fromisoformat(row["SystemModstamp"])
                found[to_18(row["Id"])] = stamp, bool(row.get("IsDeleted", False))
        return found

    def _ours(self, begins: datetime, ends: datetime) -> Stamps:
        found = self._records_of(begins, ends).values_list(
            "record_id", "system_modstamp", "is_deleted"
        )
        return {record_id: (stamp, gone) for record_id, stamp, gone in found.iterator(2_000)}

    def _records_of(self, begins: datetime, ends: datetime) -> models.QuerySet[SalesforceRecord]:
        return self._records().filter(system_modstamp__gte=begins, system_modstamp__lt=ends)

    def _repair(self, record_ids: Iterable[str]) -> set[str]:
        """Read these again; the ids that came."""
        came: set[str] = set()
        for rows, asked_at in fetch_by_ids(self.client, self.fields, sorted(record_ids)):
            self.round.pulse.beat()
            came |= {to_18(row["Id"]) for row in rows}
            take_in(
                self.connection,
                self.fields,
                rows,
                asked_at,
                live=False,
                before_commit=lambda taken: self.round.add(taken, self.client),
            )
        return came

    def _look_for(self, missing: Collection[str]) -> None:
        """What is not in its month: changed just now, deleted for good, or not visible any more."""
        if not missing:
            return
        unseen = self._records().filter(is_deleted=False, not_visible_since=None)
        asked = set(unseen.filter(record_id__in=missing).values_list("record_id", flat=True))
        gone = asked - self._repair(asked)
        if not gone:
            return
        deleted = gone & self._listed_as_deleted()
        now = database_clock()
        judge_records(
            self.connection,
            self.object_name,
            lambda: mark_deleted(self.connection, deleted, now),
        )
        hidden = mark_not_visible(self.connection, gone - deleted, now)
        self.round.count(missing=len(hidden), changed=len(deleted))

    def _listed_as_deleted(self) -> set[str]:
        if self.client.server_time is None:
            return set()
        ends = self.client.server_time
        try:
            return set(self.client.deleted_ids(self.object_name, ends - DELETED_LISTED, ends))
        except PermanentError as error:
            # The list has been purged, or the object has none: then nothing is known to be deleted.
            logger.warning("no deletions of %s: %s", self.object_name, error.detail)
            return set()

    def _records(self) -> models.QuerySet[SalesforceRecord]:
        return SalesforceRecord.objects.filter(
            connection=self.connection, object_name=self.object_name
        )


def _is_covered(stamp: datetime, mark: Watermark) -> bool:
    """Earlier records are missing by choice."""
    return mark.covers_from is None or stamp >= mark.covers_from


def months_later(at: datetime, months: int) -> datetime:
    """The end, in UTC, of so many calendar months, of which the first is that of ``at``."""
    years, month = divmod(at.astimezone(UTC).month - 1 + months, 12)
    return datetime(at.astimezone(UTC).year + years, month + 1, 1, tzinfo=UTC)
