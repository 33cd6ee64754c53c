"""A workflow's conditions, compiled once into a question about a record's fields.

Like Salesforce: texts are compared without case, dates and times as they are written (ISO 8601, in
UTC), and a comparison of an empty field is false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.models import Workflow, WorkflowCondition

Fields = Mapping[str, Any]
Question = Callable[[Fields], bool]
Operator = WorkflowCondition.Operator

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
}


def compile_conditions(match: str, conditions: Iterable[WorkflowCondition]) -> Question:
    """All of the conditions, or any, as ``match`` says. Without any, every record matches."""
    questions = [_question(one) for one in conditions]
    if not questions:
        return lambda fields: True
    if match == Workflow.Match.ANY:
        return lambda fields: any(ask(fields) for ask in questions)
    return lambda fields: all(ask(fields) for ask in questions)


def compile_lacking(
    match: str, conditions: Iterable[WorkflowCondition], labels: Mapping[str, str]
) -> Callable[[Fields], str]:
    """What a record would have to be, in words; to be asked of those that don't match."""
    asked = [(one.in_words(labels), _question(one)) for one in conditions]
    if match == Workflow.Match.ANY:
        any_of_them = " or ".join(words for words, _ in asked)
        return lambda fields: any_of_them
    return lambda fields: next(words for words, ask in asked if not ask(fields))


def _question(condition: WorkflowCondition) -> Question:
    name, wanted = condition.field, condition.value
    match condition.operator:
        case Operator.IS_EMPTY:
            return lambda fields: fields.get(name) in (None, "")
        case Operator.IS_NOT_EMPTY:
            return lambda fields: fields.get(name) not in (None, "")
        case Operator.CONTAINS:
            part = str(wanted).casefold()
            return lambda fields: part in str(fields.get(name) or "").casefold()
        case Operator.IN:
            among = {_comparable(one, one) for one in _as_list(wanted)}
            return lambda fields: any(_comparable(fields.get(name), one) in among for one in among)
        case Operator.EQUALS:
            own = _own(wanted)
            return lambda fields: _comparable(fields.get(name), wanted) == own
        case Operator.NOT_EQUALS:
            own = _own(wanted)
            return lambda fields: _comparable(fields.get(name), wanted) != own
    return _ordered(name, wanted, _ORDER[condition.operator])


def _ordered(name: str, wanted: Any, compare: Callable[[Any, Any], bool]) -> Question:
    limit = _own(wanted)

    def ask(fields: Fields) -> bool:
        value = _comparable(fields.get(name), wanted)
        return value is not None and type(value) is type(limit) and compare(value, limit)

    return ask


def _own(wanted: Any) -> Any:
    return _comparable(wanted, wanted)


def _comparable(value: Any, wanted: Any) -> Any:
    """The value as one compares it with ``wanted``; an unfit one is like an empty one."""
    if value is None:
        return None
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value
    if isinstance(wanted, int | float | Decimal):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return None
    return str(value).casefold()


def _as_list(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]
