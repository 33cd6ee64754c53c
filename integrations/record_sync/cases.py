"""Which records are to be judged by which workflow: a query, so that nothing can be forgotten."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.utils import timezone

from integrations.models import Connection, Workflow

from .describing import labels_of
from .rules import Former, Judgement, Record, Rules

# Newer than its verdict, or without one; or due by the clock; or its hold is to be looked at.
# A workflow that was switched off only takes back: of what it never judged it says nothing.
_DUE = """(
    kept.id IS NULL AND %(is_on)s OR kept.record_version < record.version
    OR kept.workflow_version < %(workflow_version)s
    OR kept.due_at <= %(now)s OR record.id = ANY(%(anyway)s)
)"""

_SELECT = f"""
    SELECT record.fields::text, record.id, record.record_id, record.is_deleted,
        record.system_modstamp, record.version,
        kept.hold, kept.held_since, kept.record_version, kept.workflow_version,
        kept.refused_change, kept.report_changed_at, kept.report_id, report.user_id,
        report.id IS NOT NULL AND report.retracted_at IS NULL,
        report.occurred_on
    FROM integrations_salesforcerecord record
    LEFT JOIN integrations_evaluation kept
        ON kept.record_id = record.id AND kept.workflow_id = %(workflow)s
    LEFT JOIN activities_activityreport report ON report.id = kept.report_id
    WHERE record.id = ANY(%(records)s) AND record.connection_id = %(connection)s
        AND record.object_name = %(object_name)s AND {_DUE}
    ORDER BY record.record_id
"""  # noqa: S608

_NEVER_JUDGED = Former()


@dataclass(slots=True)
class Case:
    """One record before one workflow."""

    record: Record
    rules: Rules
    former: Former
    owner: str = ""
    said: Judgement | None = None
    refused_change: str = ""
    changes_report: bool = False  # as Salesforce's own change: what the brakes count


def asking_workflows(connection: Connection, object_name: str) -> list[Rules]:
    """The object's workflows that say something: those that are on, or were just switched off.

    In the caller's transaction they stay as they are: who changes one waits for the pages that are
    judged by what it was, and so finds all their verdicts to be older.
    """
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT FROM integrations_workflow WHERE connection_id = %s AND object_name = %s"
            " ORDER BY id FOR SHARE",
            [connection.pk, object_name],
        )
    workflows = (
        Workflow.objects.filter(connection=connection, object_name=object_name)
        .exclude(state=Workflow.State.NEEDS_ATTENTION)
        .select_related("connection", "company", "activity_type")
        .prefetch_related("conditions")
        .order_by("pk")
    )
    labels = labels_of(connection, object_name)
    return [Rules.of(one, labels) for one in workflows if _says_something(one)]


def _says_something(workflow: Workflow) -> bool:
    is_on = workflow.state == Workflow.State.ON
    return is_on or workflow.evaluated_version < workflow.version


def due_cases(
    connection: Connection,
    rules: Rules,
    record_ids: Sequence[int],
    anyway: Collection[int],
    now: datetime,
) -> list[Case]:
    """What one workflow is to be asked of these records: what is due, and ``anyway``."""
    values: dict[str, Any] = {
        "workflow": rules.workflow.pk,
        "workflow_version": rules.workflow.version,
        "is_on": rules.workflow.state == Workflow.State.ON,
        "connection": connection.pk,
        "object_name": rules.workflow.object_name,
        "records": list(record_ids),
        "anyway": list(anyway),
        "now": now,
    }
    with database.cursor() as cursor:
        cursor.execute(_SELECT, values)
        rows = cursor.fetchall()
    every_ones_fields = json.loads(f"[{','.join(row[0] for row in rows)}]")
    return [
        _case(rules, row, fields_) for row, fields_ in zip(rows, every_ones_fields, strict=True)
    ]


def _case(rules: Rules, row: tuple[Any, ...], fields_: Mapping[str, Any]) -> Case:
    _, pk, record_id, is_deleted, stamp, version, hold, *former = row
    return Case(
        Record(pk, record_id, fields_, is_deleted, stamp, version),
        rules,
        _NEVER_JUDGED if hold is None else Former(hold, *former),
        rules.owner_if_any(fields_),
    )


def former_and_record(rules: Rules, record_ids: Sequence[int]) -> list[tuple[Former, Record]]:
    """These records and what was said of them, whether or not anything is due; for previews."""
    cases = due_cases(rules.workflow.connection, rules, record_ids, record_ids, timezone.now())
    return [(case.former, case.record) for case in cases]
