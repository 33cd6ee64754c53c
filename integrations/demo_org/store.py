"""The org's tables in memory: rows by id, their stamps, and who is told of a change."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from .derived import Row, derive
from .ids import IdMint
from .schema import OBJECTS, SObject, object_of_id

__all__ = ["Change", "Row", "Store", "utc_now"]

_EMPTY = {"boolean": False}


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Change:
    """One record before and after; no `before` when it is new."""

    object_name: str
    before: Row | None
    after: Row


# Called with the changes of one transaction and where they came from, once they are made.
Watcher = Callable[[list[Change], str], None]


class Store:
    """Rows are never changed in place: an update puts a new row, so a reader keeps what it saw."""

    def __init__(self, org_key: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.watchers: list[Watcher] = []
        self._mint = IdMint(org_key)
        self._tables: dict[str, dict[str, Row]] = {name: {} for name in OBJECTS}
        self._purged: list[tuple[str, str, datetime]] = []
        self._open: list[Change] | None = None

    def now(self) -> datetime:
        """The time of a stamp: Salesforce keeps whole seconds."""
        return self.clock().replace(microsecond=0)

    # -- reading

    def rows(self, object_name: str) -> list[Row]:
        with self.lock:
            return list(self._tables[object_name].values())

    def get(self, object_name: str, record_id: str) -> Row | None:
        return self._tables[object_name].get(record_id)

    def find(self, record_id: str | None) -> tuple[SObject, Row] | None:
        """The record behind any id, with its object."""
        sobject = object_of_id(record_id) if record_id else None
        if sobject is None or record_id is None:
            return None
        row = self._tables[sobject.name].get(record_id)
        return (sobject, row) if row else None

    def deleted(self, object_name: str) -> list[tuple[str, datetime]]:
        """Ids of deleted records with when; those that left the recycle bin stay listed."""
        with self.lock:
            bin_ = [
                (r["Id"], r["SystemModstamp"]) for r in self.rows(object_name) if r["IsDeleted"]
            ]
            return bin_ + [(key, when) for name, key, when in self._purged if name == object_name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    # -- writing

    def new_id(self, prefix: str) -> str:
        """An id for something that is no record, such as a job."""
        with self.lock:
            return self._mint.new(prefix)

    @contextmanager
    def transaction(self, origin: str = "") -> Iterator[None]:
        """Take several changes together: watchers hear of them at once, and of none that failed.

        `origin` is what Salesforce calls the change's origin, such as the client of the API.
        """
        with self.lock:
            if self._open is not None:
                yield
                return
            changes: list[Change] = []
            self._open = changes
            try:
                yield
            except BaseException:
                self._take_back(changes)
                raise
            finally:
                self._open = None
            if changes:
                for watcher in self.watchers:
                    watcher(changes, origin)

    def insert(self, object_name: str, by: str | None = None, /, **values: object) -> Row:
        """Add a record and return it. `by` is the acting user's id; stamps may be given."""
        sobject = OBJECTS[object_name]
        with self.transaction():
            row: Row = {f.name: _EMPTY.get(f.type) for f in sobject.fields}
            row["Id"] = self._mint.new(sobject.prefix or "000")
            created = values.get("CreatedDate") or self.now()
            stamps = {
                "CreatedDate": created,
                "LastModifiedDate": values.get("LastModifiedDate") or created,
                "SystemModstamp": values.get("LastModifiedDate") or created,
                "CreatedById": by or row["Id"],
                "LastModifiedById": by or row["Id"],
            }
            row.update({name: value for name, value in stamps.items() if name in row})
            row.update(_checked(sobject, values))
            derive(object_name, row, values)
            self._put(object_name, None, row)
            return row

    def update(
        self, object_name: str, record_id: str, by: str | None = None, /, **values: object
    ) -> Row:
        """Change a record, stamp it, and return the new row. KeyError when there is no such id."""
        sobject = OBJECTS[object_name]
        with self.transaction():
            before = self._tables[object_name][record_id]
            row = before | _checked(sobject, values)
            now = self.now()
            stamps: Row = {"LastModifiedDate": now, "SystemModstamp": now}
            if by:
                stamps["LastModifiedById"] = by
            row.update({k: v for k, v in stamps.items() if k in row and k not in values})
            derive(object_name, row, values)
            self._put(object_name, before, row)
            return row

    def restore(self, object_name: str, row: Row) -> None:
        """Put a row back exactly as it was, its stamps included; nobody is told."""
        with self.lock:
            self._tables[object_name][row["Id"]] = row

    def purge(self, object_name: str, record_id: str) -> None:
        """Take a deleted record out of the recycle bin, for good; KeyError unless it is in it."""
        with self.lock:
            row = self._tables[object_name][record_id]
            if not row["IsDeleted"]:
                raise KeyError(record_id)
            del self._tables[object_name][record_id]
            self._purged.append((object_name, record_id, row["SystemModstamp"]))

    def _put(self, object_name: str, before: Row | None, after: Row) -> None:
        self._tables[object_name][after["Id"]] = after
        assert self._open is not None
        self._open.append(Change(object_name, before, after))

    def _take_back(self, changes: list[Change]) -> None:
        for change in reversed(changes):
            if change.before is None:
                del self._tables[change.object_name][change.after["Id"]]
            else:
                self._tables[change.object_name][change.before["Id"]] = change.before


def _checked(sobject: SObject, values: dict[str, object]) -> Row:
    unknown = [name for name in values if name.lower() not in sobject.by_name]
    if unknown:
        raise KeyError(f"{sobject.name} has no field {unknown[0]}")
    return dict(values)
