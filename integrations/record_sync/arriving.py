"""Taking in records that a source brings: staged, judged and reported in one transaction.

So nothing can be lost in between, and a source's own position moves with what it brought.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import DataError, OperationalError, transaction

from integrations.models import Connection

from .evaluating import Evaluated, evaluate
from .fields import FieldSet, Snapshot, UnusableRecord, snapshot
from .staging import Staged, stage

logger = logging.getLogger(__name__)
Done = TypeVar("Done")

#: A deadlock, a serialization failure or a lock that took too long passes when tried again.
_PASSING = {"40P01", "40001", "55P03"}
_ATTEMPTS = 4


@dataclass(frozen=True)
class TakenIn:
    """What became of some rows."""

    read: int = 0
    added: int = 0
    changed: int = 0
    set_aside: int = 0
    evaluated: Evaluated = field(default_factory=Evaluated)

    def __add__(self, other: TakenIn) -> TakenIn:
        return TakenIn(
            self.read + other.read,
            self.added + other.added,
            self.changed + other.changed,
            self.set_aside + other.set_aside,
            self.evaluated + other.evaluated,
        )

    @property
    def wrote(self) -> bool:
        return bool(self.added or self.changed)


def take_in(
    connection: Connection,
    fields: FieldSet,
    rows: Sequence[Mapping[str, Any]],
    requested_at: datetime,
    *,
    live: bool,
    before_commit: Callable[[TakenIn], None] | None = None,
) -> TakenIn:
    """Take in one page of rows, at most a few thousand; a second time nothing is written.

    ``requested_at`` is `staging.database_clock` before the request. ``live`` says that the rows
    come as they change, so that their reports belong at the feed's top. ``before_commit`` moves
    the source's position; when it raises, nothing was taken in.
    """
    snapshots = _usable(connection, fields, rows)
    unusable = len(rows) - len(snapshots)

    def write() -> TakenIn:
        with transaction.atomic():
            staged, refused = _stage(connection, fields, snapshots, requested_at)
            said = evaluate(connection, fields.object_name, staged.ids, live=live)
            aside = unusable + refused
            taken = TakenIn(len(rows), len(staged.added), len(staged.changed), aside, said)
            if before_commit is not None:
                before_commit(taken)
        return taken

    return again_when_it_passes(write)


def _usable(
    connection: Connection, fields: FieldSet, rows: Iterable[Mapping[str, Any]]
) -> list[Snapshot]:
    snapshots: list[Snapshot] = []
    for row in rows:
        try:
            snapshots.append(snapshot(row, fields))
        except UnusableRecord as error:
            logger.warning("connection %s: set aside: %s", connection.pk, error)
    return snapshots


def again_when_it_passes(write: Callable[[], Done]) -> Done:
    """Do a whole transaction, again when others were in its way."""
    for _ in range(1, _ATTEMPTS):
        try:
            return write()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _PASSING:
                raise
            logger.warning("a page is written again after: %s", type(error.__cause__).__name__)
    return write()


def _stage(
    connection: Connection, fields: FieldSet, snapshots: Sequence[Snapshot], requested_at: datetime
) -> tuple[Staged, int]:
    """Stage them all; one by one when the database refuses some value among them."""
    try:
        with transaction.atomic():
            return stage(connection, fields, snapshots, requested_at), 0
    except DataError:
        logger.warning("connection %s: a page is staged one by one", connection.pk)
    return _stage_one_by_one(connection, fields, snapshots, requested_at)


def _stage_one_by_one(
    connection: Connection, fields: FieldSet, snapshots: Iterable[Snapshot], requested_at: datetime
) -> tuple[Staged, int]:
    added: list[int] = []
    changed: list[int] = []
    refused = 0
    for one in sorted(snapshots, key=lambda each: each.record_id):
        try:
            with transaction.atomic():
                staged = stage(connection, fields, [one], requested_at)
        except DataError as error:
            refused += 1
            logger.warning("record %s set aside: %s", one.record_id, type(error.__cause__).__name__)
        else:
            added += staged.added
            changed += staged.changed
    return Staged(tuple(added), tuple(changed)), refused
