"""The conditions of a workflow compare as Salesforce does."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import Connection, Workflow, WorkflowCondition
from integrations.record_sync import workflows
from integrations.record_sync.conditions import compile_conditions, compile_lacking
from integrations.record_sync.fields import field_labels

from .world import workflow


@pytest.mark.parametrize(
    ("operator", "value", "yes", "no"),
    [
        ("equals", "Closed Won", "closed won", "Open"),
        ("not_equals", "Open", None, "open"),
        ("equals", True, True, False),
        ("in", ["a", "b"], "B", "c"),
        ("greater", 10, "10.01", "10"),
        ("at_least", 10, "10", None),
        ("less", 10, "9", "x"),
        ("at_most", "2026-03-05", "2026-03-05", "2026-03-06"),
        ("contains", "ACME", "the acme deal", None),
        ("is_empty", None, None, "x"),
        ("is_not_empty", None, "x", None),
    ],
)
def test_conditions_compare_as_salesforce_does(
    connection: Connection, operator: str, value: Any, yes: Any, no: Any
) -> None:
    made = workflow(connection)
    made.conditions.all().delete()
    workflows.change(made, [workflows.Condition("F", operator, value)], by=None)
    matches = compile_conditions(made.match, made.conditions.all())
    assert matches({"F": yes})
    assert not matches({"F": no})


def test_any_condition_is_enough_where_the_workflow_says_so(connection: Connection) -> None:
    made = workflow(connection, match=Workflow.Match.ANY)
    conditions = [workflows.Condition("A", "equals", 1), workflows.Condition("B", "equals", 2)]
    workflows.change(made, conditions, by=None)
    matches = compile_conditions(made.match, made.conditions.all())
    assert matches({"A": 0, "B": 2})
    assert not matches({"A": 0, "B": 0})


@pytest.mark.parametrize(
    ("match", "said"), [("all", "B is one of x, y"), ("any", "Won is yes or B is one of x, y")]
)
def test_what_a_record_lacks_is_said_with_the_fields_as_people_call_them(
    connection: Connection, match: str, said: str
) -> None:
    made = workflow(connection, match=match)
    conditions = [
        workflows.Condition("A", "equals", True),
        workflows.Condition("B", "in", ["x", "y"]),
    ]
    workflows.change(made, conditions, by=None)
    lacking = compile_lacking(made.match, made.conditions.order_by("position"), {"A": "Won"})
    assert lacking({"A": match == "all", "B": "z"}) == said


def test_a_fields_label_stays_within_its_sentence() -> None:
    fields = [
        {"name": "A", "label": "\u202edaeL \x00of"},
        {"name": "B", "label": None},
        {"name": "C", "label": "\u202e"},
    ]
    labels = field_labels({"fields": fields})
    condition = WorkflowCondition(field="A", operator="contains", value="\u202eyad\npay")
    assert condition.in_words(labels) == "daeL of contains yad pay"
    assert labels.keys() == {"A"}, "the others are called by their names"
