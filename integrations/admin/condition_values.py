"""What somebody types as a condition's value, as a value of the field's own type."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.models import WorkflowCondition
from integrations.salesforce.ids import InvalidSalesforceId, to_18

from .object_fields import ObjectField

Operator = WorkflowCondition.Operator
_YES, _NO = {"yes", "true", "1", "on"}, {"no", "false", "0", "off"}
_ORDERED = (Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST)
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,10})?")


class UnfitValue(ValueError):
    """A value that the field cannot have; the message is for whoever typed it."""


def typed_value(field: ObjectField | None, text: str, operator: Operator) -> Any:
    """As `WorkflowCondition.value` keeps it. Raises `UnfitValue`.

    A field that Salesforce does not show now is taken as text.
    """
    if operator == Operator.CONTAINS:
        return text
    if operator == Operator.IN:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise UnfitValue("Say with what the field is compared.")
        return [_one(field, part, operator) for part in parts]
    return _one(field, text.strip(), operator)


def _one(field: ObjectField | None, text: str, operator: Operator) -> Any:
    if field is None:
        return text
    if field.type == "boolean":
        return _yes_or_no(field, text, operator)
    if field.is_number:
        return _number(field, text)
    if field.is_date:
        return _moment(field, text)
    if field.type in ("reference", "id"):
        return _id(field, text)
    if field.type == "picklist" and field.values and operator not in _ORDERED:
        return _offered(field, text)
    return text


def _yes_or_no(field: ObjectField, text: str, operator: Operator) -> bool:
    if operator in _ORDERED:
        raise UnfitValue(f"{field.label} is yes or no: choose “is” or “is not”.")
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise UnfitValue(f"{field.label} is yes or no.")


def _number(field: ObjectField, text: str) -> int | float:
    plain = text.replace(" ", "")
    if not _PLAIN_NUMBER.fullmatch(plain):
        raise UnfitValue(f"{field.label} is a number: write it like 1000 or 12.50.")
    number = Decimal(plain)
    return int(number) if number == number.to_integral_value() else float(number)


def _moment(field: ObjectField, text: str) -> str:
    has_time = len(text) > len("2026-01-31")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _no_date(field) from error
    if not has_time:
        return moment.date().isoformat()
    if field.type == "date":
        raise _no_date(field)
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except OverflowError as error:  # on the first or the last day of all
        raise _no_date(field) from error
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}.000Z"


def _no_date(field: ObjectField) -> UnfitValue:
    return UnfitValue(f"{field.label} is a date: write it like 2026-01-31.")


def _id(field: ObjectField, text: str) -> str:
    try:
        return to_18(text)
    except InvalidSalesforceId as error:
        raise UnfitValue(f"{field.label} is compared with a Salesforce id.") from error


def _offered(field: ObjectField, text: str) -> str:
    for value in field.values:
        if value.casefold() == text.casefold():
            return value
    some = ", ".join(field.values[:8])
    raise UnfitValue(f"Salesforce offers no “{text}” for {field.label}. It offers: {some}.")
