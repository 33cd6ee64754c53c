"""What a workflow is judged by: its rules, a record, what was said before and what is said now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from activities.drafts import ReportDraft
from activities.models import ActivityType
from integrations.models import Workflow, WorkflowCondition
from integrations.salesforce.ids import to_18

from .conditions import Fields, Question, compile_conditions, compile_lacking
from .fields import wanted_fields


@dataclass(frozen=True)
class Rules:
    """A workflow made ready to judge many records."""

    workflow: Workflow
    matches: Question
    lacking: Callable[[Fields], str]
    needs: tuple[str, ...]
    zone: ZoneInfo
    currency: str  # of the company; empty for what is no money
    key_prefix: str
    link_prefix: str
    labels: Mapping[str, str]  # of the object's fields, as far as they are known

    @classmethod
    def of(
        cls,
        workflow: Workflow,
        labels: Mapping[str, str],
        conditions: Sequence[WorkflowCondition] | None = None,
    ) -> Rules:
        """The workflow with its type, company and connection; other conditions for a preview."""
        if conditions is None:
            conditions = list(workflow.conditions.all())
        connection, company = workflow.connection, workflow.company
        is_money = workflow.activity_type.unit == ActivityType.Unit.MONEY
        return cls(
            workflow=workflow,
            matches=compile_conditions(workflow.match, conditions),
            lacking=compile_lacking(workflow.match, conditions, labels),
            needs=tuple(wanted_fields(workflow, conditions)),
            zone=ZoneInfo(company.time_zone),
            currency=company.currency if is_money else "",
            key_prefix=f"salesforce:{connection.org_id}:",
            link_prefix=f"{connection.instance_url}/",
            labels=labels,
        )

    def label(self, field: str) -> str:
        """What people call it."""
        return self.labels.get(field, field)

    def source_key(self, record_id: str) -> str:
        return f"{self.key_prefix}{record_id}:{self.workflow.pk}"

    def owner(self, fields: Mapping[str, Any]) -> str:
        """The Salesforce user in the record. Raises ValueError when it is no id."""
        value = fields.get(self.workflow.user_field)
        if value is None:
            return ""
        return str(value) if len(str(value)) == 18 else to_18(str(value))

    def owner_if_any(self, fields: Mapping[str, Any]) -> str:
        """Like `owner`, and empty for what is no id: the verdict says what is wrong with it."""
        try:
            return self.owner(fields)
        except ValueError:
            return ""


class Record(NamedTuple):
    """A record as it is kept."""

    pk: int
    record_id: str
    fields: Mapping[str, Any]
    is_deleted: bool
    system_modstamp: datetime
    version: int


class Former(NamedTuple):
    """What was said before, and the report that came of it."""

    hold: str = ""
    held_since: datetime | None = None
    record_version: int = 0
    workflow_version: int = 0
    refused_change: str = ""
    report_changed_at: datetime | None = None
    report_id: int | None = None
    account_id: int | None = None  # whose report it is
    is_live: bool = False
    counted_on: date | None = None  # the report's day


class Judgement(NamedTuple):
    """What a workflow says now. Without a draft, a report that there is stays as it is, unless it
    is to be taken back."""

    verdict: str
    reason: str
    hold: str = ""
    owner: str = ""
    draft: ReportDraft | None = None
    takes_back: bool = False
    held_since: datetime | None = None
    due_at: datetime | None = None
    lacks_field: bool = False  # the record was kept before the workflow asked for it


class Moment(NamedTuple):
    """When an activity took place: its day for the company, and the time where one is known."""

    day: date
    at: datetime | None
