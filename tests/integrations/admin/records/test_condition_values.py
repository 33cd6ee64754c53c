"""What somebody types as a condition's value, in the type of its field."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.admin.condition_values import UnfitValue, typed_value
from integrations.admin.object_fields import ObjectField
from integrations.models import WorkflowCondition

Operator = WorkflowCondition.Operator


def field(kind: str) -> ObjectField:
    return ObjectField("Field", "Field", kind)


@pytest.mark.parametrize(
    ("kind", "text", "operator", "value"),
    [
        ("double", "1 000.50", Operator.AT_LEAST, 1000.5),
        ("double", "1000", Operator.EQUALS, 1000),
        ("boolean", "Yes", Operator.EQUALS, True),
        ("date", "2026-01-31", Operator.LESS, "2026-01-31"),
        ("datetime", "2026-01-31T12:00", Operator.LESS, "2026-01-31T12:00:00.000Z"),
        ("datetime", "2026-01-31T12:00+02:00", Operator.LESS, "2026-01-31T10:00:00.000Z"),
        ("datetime", "0001-01-02T00:00", Operator.LESS, "0001-01-02T00:00:00.000Z"),
        ("string", "a, b,", Operator.IN, ["a", "b"]),
        ("string", "a, b", Operator.CONTAINS, "a, b"),
    ],
)
def test_a_value_takes_the_type_of_its_field(
    kind: str, text: str, operator: Operator, value: Any
) -> None:
    assert typed_value(field(kind), text, operator) == value


@pytest.mark.parametrize(
    ("kind", "text", "operator", "words"),
    [
        ("string", " , ", Operator.IN, "Say with what"),
        ("datetime", "0001-01-01T00:00+14:00", Operator.LESS, "write it like"),
        ("datetime", "9999-12-31T23:00-02:00", Operator.LESS, "write it like"),
        ("date", "2026-01-31T12:00", Operator.LESS, "write it like"),
        ("double", "1,5", Operator.LESS, "write it like"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    kind: str, text: str, operator: Operator, words: str
) -> None:
    with pytest.raises(UnfitValue, match=words):
        typed_value(field(kind), text, operator)


def test_several_values_stay_several_while_salesforce_does_not_show_the_field() -> None:
    assert typed_value(None, "Won, Lost", Operator.IN) == ["Won", "Lost"]
    assert typed_value(None, "1", Operator.EQUALS) == "1"
