"""Which fields of an object are asked for, and in which one form they are kept.

REST gives JSON, the Bulk API gives text: both become the same values here, so that the way on which
a record came never looks like a change of it. Numbers are kept as text, for a float loses digits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from accounts.bulk_writer import storable
from activities.text import one_line
from integrations.models import Workflow, WorkflowCondition
from integrations.salesforce.ids import InvalidSalesforceId, to_18
from integrations.salesforce.soql import checked_name

#: Asked for with every record, where the object has them.
ALWAYS = ("Id", "SystemModstamp", "IsDeleted", "IsPrivate")
#: What tells a real task or event from a copy or a template of one.
BY_OBJECT = {"Event": ("IsChild", "IsRecurrence", "IsAllDayEvent"), "Task": ("IsRecurrence",)}
NUMBERS = frozenset({"double", "currency", "percent", "long"})
#: Kept in columns of their own.
KEPT_APART = ("Id", "SystemModstamp", "IsDeleted")
_VITAL = ("Id", "SystemModstamp")
_MOST_DIGITS = 40
_LONGEST_LABEL = 80
#: Made once: `json.dumps` makes one for each record.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class UnusableRecord(ValueError):
    """A record that cannot be kept, and why, in a sentence."""


@dataclass(frozen=True)
class FieldSet:
    """The fields that an object is asked for, in the schema's casing, with their types."""

    object_name: str
    types: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return list(self.types)

    @cached_property
    def texts(self) -> list[str]:
        """The fields whose values are kept as they come; most are."""
        return [name for name, kind in self.types.items() if _is_text(name, kind)]

    @cached_property
    def readers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        """How each other field's value becomes what is kept; worked out once for many rows."""
        return [
            (name, _reader(kind)) for name, kind in self.types.items() if not _is_text(name, kind)
        ]

    @cached_property
    def digest(self) -> str:
        names = ",".join(sorted(self.types))
        return hashlib.md5(names.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One record as Salesforce showed it."""

    record_id: str
    fields: str  # JSON
    system_modstamp: datetime
    is_deleted: bool

    @property
    def values(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.fields)
        return values


def wanted_fields(
    workflow: Workflow, conditions: Iterable[WorkflowCondition] | None = None
) -> list[str]:
    """The fields that the workflow names, and its conditions: its own should be prefetched."""
    if conditions is None:
        conditions = workflow.conditions.all()
    named = [
        workflow.user_field,
        workflow.value_field,
        workflow.currency_field,
        workflow.date_field,
        workflow.title_field,
        *(condition.field for condition in conditions),
    ]
    return list(dict.fromkeys(name for name in named if name))


def field_types(describe: Mapping[str, Any]) -> dict[str, str]:
    """What of a describe is kept: types by name; a parent by its relationship's name and a dot."""
    types: dict[str, str] = {}
    for field in describe["fields"]:
        types[field["name"]] = field["type"]
        if field.get("relationshipName"):
            types[f"{field['relationshipName']}."] = "parent"
    return types


def field_labels(describe: Mapping[str, Any]) -> dict[str, str]:
    """What people call the fields, fit to stand in a sentence."""
    return {
        field["name"]: label
        for field in describe["fields"]
        if (label := one_line(field.get("label") or "", _LONGEST_LABEL))
    }


def field_set(object_name: str, wanted: Iterable[str], known: Mapping[str, str]) -> FieldSet:
    """The wanted fields that there are, and those that every record needs."""
    types: dict[str, str] = {}
    for name in (*ALWAYS, *BY_OBJECT.get(object_name, ()), *sorted(wanted)):
        if found := find(name, known):
            types[found] = known.get(found, "parent")
    missing = [name for name in _VITAL if name not in types]
    if missing:
        raise UnusableRecord(
            f"{object_name} has no field {missing[0]}, so its changes cannot be followed."
        )
    return FieldSet(object_name, types)


def find(name: str, known: Mapping[str, str]) -> str | None:
    """The field in the schema's casing, or None. Behind a parent any name is believed."""
    parent, dot, rest = checked_name(name).partition(".")
    wanted = f"{parent}{dot}".casefold()
    for one in known:
        if one.casefold() == wanted:
            return f"{one}{rest}"
    return None


def snapshot(row: Mapping[str, Any], fields: FieldSet) -> Snapshot:
    """Read one row of an answer. Raises `UnusableRecord`."""
    values: dict[str, Any] = {name: row.get(name) or None for name in fields.texts}
    for name, read in fields.readers:
        values[name] = read(row[name] if name in row else _at(row, name))
    try:
        record_id = _record_id(str(values.pop("Id")))
        stamp = datetime.fromisoformat(str(values.pop("SystemModstamp")))
        is_deleted = bool(values.pop("IsDeleted", False))
    except (InvalidSalesforceId, ValueError) as error:
        raise UnusableRecord(f"A record of {fields.object_name} makes no sense: {error}") from error
    if stamp.tzinfo is None:
        raise UnusableRecord(f"{record_id} has a SystemModstamp without a time zone.")
    return Snapshot(record_id, _as_json(values), stamp, is_deleted)


def _record_id(text: str) -> str:
    """The API answers with 18 characters; only what somebody typed needs its checksum proved."""
    return text if len(text) == 18 and text.isascii() and text.isalnum() else to_18(text)


def _at(row: Mapping[str, Any], name: str) -> Any:
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _is_text(name: str, kind: str) -> bool:
    return "." not in name and kind not in (*NUMBERS, "boolean", "int", "datetime")


def _reader(kind: str) -> Callable[[Any], Any]:
    if kind in NUMBERS:
        return lambda value: None if value in (None, "") else _number(str(value))
    if kind == "boolean":
        return lambda value: value.lower() == "true" if isinstance(value, str) else value
    if kind == "int":
        return _whole
    if kind == "datetime":
        return _moment
    return lambda value: None if value == "" else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.lstrip("-").isdigit() else value or None
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        return f"{value[:-5]}Z" if value.endswith("+0000") else value or None
    return value


def _number(text: str) -> str:
    """One way to write each number: no exponent, no zeros at the end."""
    if text.isdigit():
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text  # found, with its reason, when it is to be reported
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return text
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


def _as_json(values: Mapping[str, Any]) -> str:
    """As PostgreSQL's jsonb takes it: it knows neither NUL nor half a character."""
    text = _encode(values)
    if "\\u0000" not in text and not _LONE_SURROGATE.search(text):
        return text
    clean = {
        name: storable(value) if isinstance(value, str) else value for name, value in values.items()
    }
    return _encode(clean)
