"""Workflows that most companies want, ready to be made in a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts.models import Company, User
from activities.models import ActivityType
from integrations.models import Connection, Workflow, WorkflowCondition

from .workflows import Condition, WorkflowRefused, create

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


@transaction.atomic
def create_from_template(
    connection: Connection, template: Template, *, by: User | None, name: str = ""
) -> Workflow:
    """Make the workflow, off. Raises `WorkflowRefused`."""
    company = connection.company
    kind = _activity_type(company, template)
    workflow = Workflow(
        company=company,
        connection=connection,
        name=name or template.name,
        object_name=template.object_name,
        activity_type=kind,
        user_field=template.user_field,
        value_field=template.value_field,
        date_field=template.date_field,
        title_field=template.title_field,
        owner_change=template.owner_change,
    )
    conditions = [Condition(*one) for one in template.conditions]
    return create(workflow, conditions, by=by, template=template.key)


def _activity_type(company: Company, template: Template) -> ActivityType:
    known = ActivityType.objects.filter(company=company, name__iexact=template.type_name).first()
    if known is not None:
        if known.unit != template.unit:
            raise WorkflowRefused(
                f"The activity type “{known}” counts something else; give it another name first."
            )
        return known
    return ActivityType.objects.create(
        company=company,
        name=template.type_name,
        sentence=template.sentence,
        unit=template.unit,
        shows_value=template.unit == ActivityType.Unit.MONEY,
    )
