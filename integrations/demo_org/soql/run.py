"""Running a query: from text to the matching rows and the plan of what to show of each."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..schema import SObject
from ..store import Row, Store
from .conditions import Predicate, comparable, compile_condition
from .errors import pointed
from .parser import Query, parse
from .paths import Access, Hop, Resolved, Schema


@dataclass
class Selection:
    """The fields to show of one record, and of the parents behind it, in SELECT's order."""

    sobject: SObject
    parts: dict[str, "Parent | None"] = field(default_factory=dict)
    columns: list[Resolved] = field(default_factory=list)

    def add(self, resolved: Resolved) -> bool:
        """Take in one selected field; False when it was there already."""
        node = self
        for hop in resolved.hops:
            known = node.parts.get(hop.name)
            if known is None:
                known = node.parts[hop.name] = Parent(hop, Selection(hop.parent))
            node = known.selection
        if resolved.field.name in node.parts:
            return False
        node.parts[resolved.field.name] = None
        return True

    def show(self, row: Row, base: str) -> dict[str, Any]:
        """The record as JSON; `base` is `/services/data/vXX.0`."""
        kind = row["Type"] if self.sobject.name == "Name" else self.sobject.name
        url = f"{base}/sobjects/{kind}/{row['Id']}"
        shown: dict[str, Any] = {"attributes": {"type": self.sobject.name, "url": url}}
        for name, parent in self.parts.items():
            if parent is None:
                shown[name] = as_json(row[name])
                continue
            behind = parent.hop.follow(row)
            shown[name] = parent.selection.show(behind, base) if behind else None
        return shown


@dataclass(frozen=True)
class Parent:
    hop: Hop
    selection: Selection


@dataclass(frozen=True)
class Result:
    """All matching rows. `count_only` is SELECT COUNT(): the rows themselves are not shown."""

    rows: list[Row]
    selection: Selection
    count_only: bool = False


@dataclass(frozen=True)
class Plan:
    """A query that is checked and understood, before any row is looked at."""

    query: Query
    selection: Selection
    matches: Predicate | None

    @property
    def count_only(self) -> bool:
        return not self.query.fields

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(path.text for path in self.query.fields)


def plan(soql: str, store: Store, access: Access) -> Plan:
    """Check `soql` as the user behind `access`; QueryError with Salesforce's wording."""
    return _plan(parse(soql), Schema(store, access, soql))


def run(soql: str, store: Store, access: Access) -> Result:
    """Run `soql` as the user behind `access`; QueryError with Salesforce's wording."""
    return _run(parse(soql), Schema(store, access, soql))


def _plan(query: Query, schema: Schema) -> Plan:
    sobject = schema.find_object(query.object_name, query.object_position)
    selection = _select(query, sobject, schema)
    if query.where is None:
        return Plan(query, selection, None)

    def subquery(inner: Query) -> set[Any]:
        found = _run(inner, schema)
        column = found.selection.columns[0]
        return {comparable(column.field, column.get(row)) for row in found.rows}

    return Plan(query, selection, compile_condition(query.where, sobject, schema, subquery))


def _run(query: Query, schema: Schema) -> Result:
    planned = _plan(query, schema)
    sobject, matches = planned.selection.sobject, planned.matches
    rows = schema.access.rows(sobject)
    if matches is not None:
        rows = [row for row in rows if matches(row)]
    _sort(rows, query, sobject, schema)
    end = None if query.limit is None else query.offset + query.limit
    return Result(rows[query.offset : end], planned.selection, count_only=planned.count_only)


def _select(query: Query, sobject: SObject, schema: Schema) -> Selection:
    selection = Selection(sobject)
    for path in query.fields:
        resolved = schema.resolve(sobject, path)
        selection.columns.append(resolved)
        if not selection.add(resolved):
            message = f"duplicate field selected: {path.text}"
            raise pointed("MALFORMED_QUERY", query.text, path.position, message)
    return selection


def _sort(rows: list[Row], query: Query, sobject: SObject, schema: Schema) -> None:
    # Python's sort is stable, so the last key is sorted by first.
    for order in reversed(query.order):
        resolved = schema.resolve(sobject, order.path)
        if not resolved.field.filterable:
            message = f"field '{resolved.field.name}' can not be sorted in a query call"
            raise pointed("INVALID_FIELD", query.text, order.path.position, message)

        def key(row: Row, resolved: Resolved = resolved) -> Any:
            return comparable(resolved.field, resolved.get(row))

        nulls = [row for row in rows if key(row) is None]
        values = [row for row in rows if key(row) is not None]
        values.sort(key=key, reverse=order.descending)
        rows[:] = values + nulls if order.nulls_last else nulls + values


def as_json(value: Any) -> Any:
    """A stored value the way Salesforce writes it: UTC as `+0000`, with milliseconds."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
    if isinstance(value, date):
        return value.isoformat()
    return value
