"""Making, changing and switching workflows: each door raises the version where verdicts follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from activities.models import ActivityType
from activities.text import one_line
from integrations.models import SyncRun, Workflow, WorkflowCondition
from integrations.salesforce.client import SalesforceClient

from . import backfilling
from .fields import field_labels, field_types, find, wanted_fields

State = Workflow.State
#: Fields of a workflow whose change may change a verdict.
DECIDES = (
    "match",
    "activity_type_id",
    "user_field",
    "value_field",
    "currency_field",
    "date_field",
    "title_field",
    "includes_private",
    "owner_change",
)
#: What other doors write, perhaps while somebody looked at a form.
_OF_OTHER_DOORS = (
    "state",
    "problem",
    "evaluated_version",
    "counts_from",
    "creates_accounts",
    "company_terms",
)


class WorkflowRefused(Exception):
    """What was asked for cannot be done; the message is for whoever asked."""


@dataclass(frozen=True)
class Condition:
    """A condition as it is typed in; ``value`` is JSON, of the field's own type."""

    field: str
    operator: str
    value: Any = None

    def __str__(self) -> str:
        """In exact words, which differ where the conditions do."""
        words = f"{self.field} {WorkflowCondition.Operator(self.operator).label}"
        if self.value is None:
            return words
        return f"{words} {json.dumps(self.value, ensure_ascii=False)}"


@transaction.atomic
def create(
    workflow: Workflow, conditions: Sequence[Condition], *, by: User | None, template: str = ""
) -> Workflow:
    """Keep a new workflow, off. Raises `WorkflowRefused` for its name."""
    workflow.state, workflow.created_by = State.OFF, by
    _mend_name(workflow)
    _save(workflow)
    _write_conditions(workflow, conditions)
    audit.record("workflow.created", workflow, by=by, after={"template": template})
    return workflow


@transaction.atomic
def change(workflow: Workflow, conditions: Sequence[Condition], *, by: User | None) -> Workflow:
    """Save the workflow's fields and conditions as they are now given.

    Its verdicts follow by themselves, from the records that are kept; those are read again only
    where a field was never asked for, as the next poll finds. What it does should have been shown
    before: `previewing.preview_change`. Raises `WorkflowRefused` for its name.
    """
    kept = Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    _mend_name(workflow)
    changes = _changes(kept, workflow, conditions)
    decides = _decide(changes)
    workflow.version = kept.version + (1 if decides else 0)
    for name in _OF_OTHER_DOORS:
        setattr(workflow, name, getattr(kept, name))
    if decides and kept.state == State.NEEDS_ATTENTION:
        workflow.state, workflow.problem = State.ON, ""  # the next describe says if it still does
    if decides and kept.state == State.OFF and kept.evaluated_version == kept.version:
        workflow.evaluated_version = workflow.version  # it says nothing, so nothing follows
    _save(workflow)
    if "conditions" in changes:
        workflow.conditions.all().delete()
        _write_conditions(workflow, conditions)
    if changes:
        before = {name: was for name, (was, _) in changes.items()}
        after = {name: now for name, (_, now) in changes.items()}
        audit.record("workflow.changed", workflow, by=by, before=before, after=after)
    return workflow


def decides_otherwise(workflow: Workflow, conditions: Sequence[Condition]) -> bool:
    """Whether verdicts may change by what is given here: not where it is only renamed."""
    return _decide(_changes(Workflow.objects.get(pk=workflow.pk), workflow, conditions))


@transaction.atomic
def switch_on(workflow: Workflow, *, since: date | None, by: User | None) -> SyncRun | None:
    """From now on, or with a backfill since that day. Raises `runs.RunRefused`."""
    kept = _locked(workflow)
    if kept.state != State.OFF:
        return None
    zone = ZoneInfo(workflow.company.time_zone)
    kept.counts_from = since or timezone.now().astimezone(zone).date()
    kept.state, kept.problem, kept.version = State.ON, "", kept.version + 1
    kept.save()
    audit.record("workflow.switched_on", kept, by=by, after={"since": str(since or "now")})
    run = None
    if since is not None:
        run = backfilling.request_backfill(workflow.connection, workflow.object_name, since, by=by)
    workflow.refresh_from_db()
    return run


@transaction.atomic
def switch_off(workflow: Workflow, *, take_back: bool, by: User | None) -> None:
    """Nothing new comes; its reports stay, or are taken back until it is switched on again."""
    kept = _locked(workflow)
    if kept.state == State.OFF:
        return
    kept.state, kept.problem, kept.version = State.OFF, "", kept.version + 1
    if not take_back:
        kept.evaluated_version = kept.version
    kept.save()
    audit.record("workflow.switched_off", kept, by=by, after={"take_back": take_back})
    workflow.refresh_from_db()


def problems(workflow: Workflow, client: SalesforceClient) -> list[str]:
    """What the org's describe says against the workflow, in sentences. Raises SalesforceError."""
    described = client.describe(workflow.object_name)
    known, labels = field_types(described), field_labels(described)
    found = [
        f"Salesforce shows no field {name} of {workflow.object_name}."
        for name in wanted_fields(workflow)
        if find(name, known) is None
    ]
    kind = known.get(find(workflow.date_field, known) or "")
    if kind not in (None, "date", "datetime"):
        label = labels.get(workflow.date_field, workflow.date_field)
        found.append(f"{label} is not a date.")
    is_money = workflow.activity_type.unit == ActivityType.Unit.MONEY
    if is_money and not workflow.value_field:
        found.append(f"“{workflow.activity_type}” is money: choose the field with the amount.")
    return found


def unsaved(conditions: Sequence[Condition]) -> list[WorkflowCondition]:
    """The conditions as rows that are kept nowhere, to try them."""
    return [
        WorkflowCondition(field=one.field, operator=one.operator, value=one.value)
        for one in conditions
    ]


def _changes(
    kept: Workflow, workflow: Workflow, conditions: Sequence[Condition]
) -> dict[str, tuple[str, str]]:
    """Before and after of each setting that differs."""
    before = _settings(kept, [Condition(*row) for row in _kept_rows(kept)])
    after = _settings(workflow, conditions)
    return {name: (before[name], after[name]) for name in after if before[name] != after[name]}


def _decide(changes: Mapping[str, tuple[str, str]]) -> bool:
    return bool(changes.keys() - {"name"})


def _settings(workflow: Workflow, conditions: Sequence[Condition]) -> dict[str, str]:
    settings = {name: str(getattr(workflow, name) or "") for name in ("name", *DECIDES)}
    return settings | {"conditions": "; ".join(map(str, conditions))}


def _mend_name(workflow: Workflow) -> None:
    """It stands in lists and sentences: a mark of direction would turn others' words."""
    workflow.name = one_line(workflow.name, len(workflow.name))
    if not workflow.name:
        raise WorkflowRefused("Give the workflow a name that can be seen.")


def _save(workflow: Workflow) -> None:
    try:
        with transaction.atomic():
            workflow.save()
    except IntegrityError as error:
        raise WorkflowRefused(f"There is already a workflow “{workflow.name}”.") from error


def _locked(workflow: Workflow) -> Workflow:
    return Workflow.objects.select_for_update(no_key=True, of=("self",)).get(pk=workflow.pk)


def _write_conditions(workflow: Workflow, conditions: Sequence[Condition]) -> None:
    WorkflowCondition.objects.bulk_create(
        WorkflowCondition(
            company_id=workflow.company_id,
            workflow=workflow,
            position=position,
            field=one.field,
            operator=one.operator,
            value=one.value,
        )
        for position, one in enumerate(conditions)
    )


def _kept_rows(workflow: Workflow) -> list[tuple[str, str, Any]]:
    kept = workflow.conditions.order_by("position")
    return list(kept.values_list("field", "operator", "value"))
