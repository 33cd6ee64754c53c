"""Building SOQL text: every value quoted, every name checked, only fields that exist selected."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from simple_salesforce.format import quote_soql_value

from integrations.salesforce.errors import ConfigurationError

Value = str | bool | int | float | Decimal | date | datetime | None

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}", re.ASCII)


@dataclass(frozen=True)
class Selection:
    """Wanted fields, parted by what the connecting user's describe shows."""

    available: list[str]  # in the schema's casing
    missing: list[str]


def checked_name(name: str) -> str:
    """Return the name of an object or field; a field may be a path such as Profile.Name.

    Raises ConfigurationError naming it when it cannot be one.
    """
    if all(_NAME.fullmatch(part) for part in name.split(".")):
        return name
    raise ConfigurationError(
        f"“{name[:100]}” cannot be the name of a Salesforce field or object.", field=name[:100]
    )


def literal(value: Value) -> str:
    """Return the value as SOQL writes it. Datetimes must be aware; fractions of seconds go."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone has no place in a query")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal | float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number for a query")
        return format(Decimal(str(value)), "f")
    quoted: str = quote_soql_value(value)
    return quoted


def literals(values: Collection[Value]) -> str:
    """Return the list for `IN`. An address may have 16 KB: no more than 500 ids at once."""
    if not values:
        raise ValueError("SOQL has no empty list: leave the query out")
    return "(" + ",".join(literal(value) for value in values) + ")"


def selectable(wanted: Iterable[str], describe: Mapping[str, Any]) -> Selection:
    """Part the wanted fields of an object by its describe: orgs differ, and so do permissions.

    For a path such as Profile.Name the describe shows the relationship only, so the last part is
    taken as it is.
    """
    fields = {field["name"].lower(): field["name"] for field in describe["fields"]}
    parents = {
        field["relationshipName"].lower(): field["relationshipName"]
        for field in describe["fields"]
        if field.get("relationshipName")
    }
    selection = Selection([], [])
    for name in wanted:
        first, dot, rest = checked_name(name).partition(".")
        found = (parents if dot else fields).get(first.lower())
        if found is None:
            selection.missing.append(name)
        else:
            selection.available.append(f"{found}{dot}{rest}")
    return selection


def select(
    fields: Iterable[str],
    object_name: str,
    *,
    where: str = "",
    order_by: str = "",
    limit: int | None = None,
) -> str:
    """Return a query. `where` and `order_by` are SOQL already; build them with `literal`."""
    columns = ", ".join(checked_name(field) for field in dict.fromkeys(fields))
    query = f"SELECT {columns} FROM {checked_name(object_name)}"  # noqa: S608 - names are checked
    if where:
        query += f" WHERE {where}"
    if order_by:
        query += f" ORDER BY {order_by}"
    if limit is not None:
        query += f" LIMIT {limit:d}"
    return query
