"""WHERE to predicates over rows, with SOQL's own ideas of equality, case and null."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from operator import ge, gt, le, lt
from typing import Any

from integrations.salesforce.ids import InvalidSalesforceId, to_18

from ..schema import Field, SObject
from ..store import Row
from .errors import QueryError, pointed
from .parser import Comparison, Condition, Group, Literal, Not, Query
from .paths import Getter, Schema
from .periods import Period, period

Predicate = Callable[[Row], bool]
RunSubquery = Callable[[Query], set[Any]]

TEXT = {"string", "email", "phone", "url", "picklist", "combobox", "textarea"}
IDS = {"id", "reference"}
NUMBERS = {"int", "double", "currency", "percent"}
_IN_PERIOD: dict[str, Callable[[date, Period], bool]] = {
    "=": lambda day, span: span.start <= day < span.end,
    "!=": lambda day, span: not span.start <= day < span.end,
    "<": lambda day, span: day < span.start,
    "<=": lambda day, span: day < span.end,
    ">": lambda day, span: day >= span.end,
    ">=": lambda day, span: day >= span.start,
}
_ORDERED = {"<": lt, ">": gt, "<=": le, ">=": ge}
_FAMILY = {
    **dict.fromkeys(TEXT, "string"),
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(IDS, "string"),
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}
_TYPE_IN_ERRORS = {"datetime": "dateTime", "id": "ID", "reference": "reference"}


def compile_condition(
    condition: Condition, sobject: SObject, schema: Schema, subquery: RunSubquery
) -> Predicate:
    """Return the predicate of a WHERE condition; QueryError where Salesforce would refuse it."""
    if isinstance(condition, Not):
        inner = compile_condition(condition.part, sobject, schema, subquery)
        return lambda row: not inner(row)
    if isinstance(condition, Group):
        parts = [compile_condition(part, sobject, schema, subquery) for part in condition.parts]
        if condition.joint == "AND":
            return lambda row: all(part(row) for part in parts)
        return lambda row: any(part(row) for part in parts)
    return _comparison(condition, sobject, schema, subquery)


def comparable(field: Field, value: Any) -> Any:
    """A stored value as filters and ORDER BY compare it: text without case, times in seconds."""
    if isinstance(value, str) and field.type in TEXT:
        return value.casefold()
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    return value


def _comparison(
    condition: Comparison, sobject: SObject, schema: Schema, subquery: RunSubquery
) -> Predicate:
    resolved = schema.resolve(sobject, condition.path)
    field, get = resolved.field, resolved.get
    if not field.filterable:
        message = f"field '{field.name}' can not be filtered in a query call"
        raise pointed("INVALID_FIELD", schema.soql, condition.path.position, message)
    if condition.subquery is not None:
        return _among(field, get, subquery(condition.subquery), condition.operator)
    if condition.values[0].kind == "relative":
        today = schema.store.clock().astimezone(UTC).date()
        return _within(field, get, condition, today, schema.soql)
    wanted = [_wanted(literal, field, condition, schema.soql) for literal in condition.values]
    if condition.operator == "LIKE":
        return _like(field, get, condition, schema.soql)
    if condition.operator in ("IN", "NOT IN"):
        return _among(field, get, set(wanted), condition.operator)
    if condition.operator in ("=", "!="):
        operator = "IN" if condition.operator == "=" else "NOT IN"
        return _among(field, get, set(wanted), operator)
    return _ordered(field, get, wanted[0], condition, schema.soql)


def _among(field: Field, get: Getter, values: set[Any], operator: str) -> Predicate:
    # As in SOQL, and unlike SQL, a record without a value does match != and NOT IN.
    if operator == "IN":
        return lambda row: comparable(field, get(row)) in values
    return lambda row: comparable(field, get(row)) not in values


def _within(field: Field, get: Getter, condition: Comparison, today: date, soql: str) -> Predicate:
    """A comparison with a whole period: before it is before its first day."""
    if field.type not in ("date", "datetime"):
        raise _wrong_type(field, condition, soql)
    span = period(condition.values[0].raw, today)
    test = _IN_PERIOD.get(condition.operator)
    if span is None or test is None:
        raise _bad_operator(soql, condition)

    def matches(row: Row) -> bool:
        value = get(row)
        if value is None:
            return condition.operator == "!="
        day = value.astimezone(UTC).date() if isinstance(value, datetime) else value
        return test(day, span)

    return matches


def _ordered(field: Field, get: Getter, wanted: Any, condition: Comparison, soql: str) -> Predicate:
    if field.type == "boolean" or wanted is None:
        raise _bad_operator(soql, condition)
    compare = _ORDERED[condition.operator]

    def matches(row: Row) -> bool:
        value = comparable(field, get(row))
        return value is not None and bool(compare(value, wanted))

    return matches


def _like(field: Field, get: Getter, condition: Comparison, soql: str) -> Predicate:
    if field.type not in TEXT or condition.values[0].kind != "string":
        raise _bad_operator(soql, condition)
    pattern = _like_pattern(condition.values[0].raw)
    return lambda row: pattern.fullmatch(get(row) or "") is not None


def _like_pattern(raw: str) -> re.Pattern[str]:
    parts = []
    for escaped, char in re.findall(r"\\(.)|(.)", raw, re.DOTALL):
        wildcard = {"%": ".*", "_": "."}.get(char)
        parts.append(wildcard or re.escape(escaped or char))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _wanted(literal: Literal, field: Field, condition: Comparison, soql: str) -> Any:
    if literal.kind == "null" or literal.value == "":
        return False if field.type == "boolean" else None
    if literal.kind != _FAMILY[field.type]:
        raise _wrong_type(field, condition, soql)
    if field.type in IDS:
        return _wanted_id(str(literal.value), condition, soql)
    value = literal.value
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return comparable(field, value)


def _wanted_id(text: str, condition: Comparison, soql: str) -> str:
    try:
        return to_18(text)
    except InvalidSalesforceId:
        position = condition.path.position
        message = f"invalid ID field: {text}"
        raise pointed("INVALID_QUERY_FILTER_OPERATOR", soql, position, message) from None


def _wrong_type(field: Field, condition: Comparison, soql: str) -> QueryError:
    quoted = field.type in TEXT or field.type in IDS
    kind = _TYPE_IN_ERRORS.get(field.type, "string" if quoted else field.type)
    message = (
        f"value of filter criterion for field '{field.name}' must be of type {kind} "
        f"and should {'' if quoted else 'not '}be enclosed in quotes"
    )
    return pointed("INVALID_FIELD", soql, condition.path.position, message)


def _bad_operator(soql: str, condition: Comparison) -> QueryError:
    return pointed("INVALID_FIELD", soql, condition.path.position, "invalid operator")
