"""Workflows that most companies want, ready to be made in a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.models import ActivityType
from integrations.models import Workflow, WorkflowCondition

Operator = WorkflowCondition.Operator
Unit = ActivityType.Unit


@dataclass(frozen=True)
class Template:
    """A workflow, and the activity type that it makes where the company has none of that name."""

    key: str
    name: str
    object_name: str
    date_field: str
    type_name: str
    sentence: str
    unit: str = Unit.COUNT
    value_field: str = ""
    title_field: str = ""
    user_field: str = "OwnerId"
    owner_change: str = Workflow.OwnerChange.MOVES
    conditions: tuple[tuple[str, str, Any], ...] = field(default=())


TEMPLATES: Mapping[str, Template] = {
    one.key: one
    for one in (
        Template(
            key="closed-won",
            name="Closed-won deals",
            object_name="Opportunity",
            date_field="CloseDate",
            value_field="Amount",
            title_field="Name",
            type_name="Closed deals",
            sentence="closed a deal",
            unit=Unit.MONEY,
            conditions=(("IsWon", Operator.EQUALS, True),),
        ),
        Template(
            key="opportunity-created",
            name="Opportunities created",
            object_name="Opportunity",
            date_field="CreatedDate",
            title_field="Name",
            owner_change=Workflow.OwnerChange.STAYS,
            type_name="New opportunities",
            sentence="created an opportunity",
        ),
        Template(
            key="call-logged",
            name="Calls logged",
            object_name="Task",
            date_field="CompletedDateTime",
            owner_change=Workflow.OwnerChange.STAYS,
            type_name="Calls",
            sentence="logged a call",
            conditions=(
                ("TaskSubtype", Operator.EQUALS, "Call"),
                ("IsClosed", Operator.EQUALS, True),
            ),
        ),
        Template(
            key="meeting-held",
            name="Meetings held",
            object_name="Event",
            date_field="StartDateTime",
            owner_change=Workflow.OwnerChange.STAYS,
            type_name="Meetings",
            sentence="held a meeting",
        ),
    )
}
