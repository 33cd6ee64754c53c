"""The org's tables in memory: rows by id, stamps, and what Salesforce derives from other fields."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from .ids import IdMint
from .schema import OBJECTS, SObject, object_of_id
from .schema.sales import STAGES

Row = dict[str, Any]

_EMPTY = {"boolean": False}


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Rows are never changed in place: an update puts a new row, so a reader keeps what it saw."""

    def __init__(self, org_key: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._mint = IdMint(org_key)
        self._tables: dict[str, dict[str, Row]] = {name: {} for name in OBJECTS}

    def now(self) -> datetime:
        """The time of a stamp: Salesforce keeps whole seconds."""
        return self.clock().replace(microsecond=0)

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

    def insert(self, object_name: str, by: str | None = None, /, **values: Any) -> Row:
        """Add a record and return it. `by` is the acting user's id; stamps may be given."""
        sobject = OBJECTS[object_name]
        with self.lock:
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
            row.update(self._checked(sobject, values))
            derive(object_name, row, values)
            self._tables[object_name][row["Id"]] = row
            return row

    def update(self, object_name: str, record_id: str, /, **values: Any) -> Row:
        """Change a record, stamp it, and return the new row. KeyError when there is no such id."""
        sobject = OBJECTS[object_name]
        with self.lock:
            row = self._tables[object_name][record_id] | self._checked(sobject, values)
            now = self.now()
            stamps = {"LastModifiedDate": now, "SystemModstamp": now}
            row.update({k: v for k, v in stamps.items() if k in row and k not in values})
            derive(object_name, row, values)
            self._tables[object_name][record_id] = row
            return row

    def restore(self, object_name: str, row: Row) -> None:
        """Put a row back exactly as it was, its stamps included."""
        with self.lock:
            self._tables[object_name][row["Id"]] = row

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def _checked(self, sobject: SObject, values: Row) -> Row:
        unknown = [name for name in values if name.lower() not in sobject.by_name]
        if unknown:
            raise KeyError(f"{sobject.name} has no field {unknown[0]}")
        return values


def derive(object_name: str, row: Row, given: Row) -> None:
    """Fill in the fields that Salesforce computes when a record is saved."""
    if object_name == "User":
        row["Name"] = " ".join(part for part in (row["FirstName"], row["LastName"]) if part)
    elif object_name == "Opportunity":
        _derive_opportunity(row, given)
    elif object_name == "Task":
        row["IsClosed"] = row["Status"] == "Completed"
        row["IsHighPriority"] = row["Priority"] == "High"
        if not row["IsClosed"]:
            row["CompletedDateTime"] = None
        elif row["CompletedDateTime"] is None:
            row["CompletedDateTime"] = row["LastModifiedDate"]


def _derive_opportunity(row: Row, given: Row) -> None:
    if "StageName" in given:
        stage = STAGES[row["StageName"]]
        row["IsClosed"], row["IsWon"] = stage.is_closed, stage.is_won
        row["ForecastCategory"] = row["ForecastCategoryName"] = stage.forecast
        row["LastStageChangeDate"] = row["LastModifiedDate"]
        if "Probability" not in given:
            row["Probability"] = float(stage.probability)
    if row["Amount"] is not None and row["Probability"] is not None:
        row["ExpectedRevenue"] = row["Amount"] * row["Probability"] / 100
    closes: date = row["CloseDate"]
    row["FiscalYear"], row["FiscalQuarter"] = closes.year, (closes.month + 2) // 3
    row["Fiscal"] = f"{row['FiscalYear']} {row['FiscalQuarter']}"
