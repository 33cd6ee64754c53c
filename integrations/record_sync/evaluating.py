"""Asking the workflows about records, and making reports and verdicts say what they answer.

What is to be asked is a query: the record or the workflow is newer than the verdict, its hold may
have gone, or its time has come. Everything is read from what is kept, under the records' locks, so
that two processes never judge one record at once, and whoever is late judges the later state.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts import bulk_writer
from activities import reports
from integrations.models import Connection, Evaluation, Workflow

from . import brakes
from .people import load_people
from .rules import Former, Judgement, Record, Rules
from .verdicts import judge
from .wanting import tell_who_is_wanted

Says = Evaluation.Verdict
Hold = Evaluation.Hold

#: Records judged in one transaction.
BATCH = 2_000

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
        kept.hold, kept.held_since, kept.record_version, kept.workflow_version, kept.keeps_report,
        kept.report_changed_at, kept.report_id, report.user_id,
        report.id IS NOT NULL AND report.retracted_at IS NULL
    FROM integrations_salesforcerecord record
    LEFT JOIN integrations_evaluation kept
        ON kept.record_id = record.id AND kept.workflow_id = %(workflow)s
    LEFT JOIN activities_activityreport report ON report.id = kept.report_id
    WHERE record.id = ANY(%(records)s) AND record.connection_id = %(connection)s
        AND record.object_name = %(object_name)s AND {_DUE}
    ORDER BY record.record_id
"""  # noqa: S608

_NEVER_JUDGED = Former()
_KEY = ("record", "workflow")
_SAID = (
    "verdict",
    "reason",
    "hold",
    "salesforce_user_id",
    "report",
    "record_version",
    "workflow_version",
    "held_since",
    "due_at",
    "report_changed_at",
    "keeps_report",
)


@dataclass(frozen=True)
class Evaluated:
    """What came of some records: how many verdicts, and how many of them which."""

    judged: int = 0
    reported: int = 0
    changed: int = 0
    taken_back: int = 0
    held: int = 0
    waiting: int = 0
    set_aside: int = 0

    def __add__(self, other: Evaluated) -> Evaluated:
        return Evaluated(
            *(getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        )


@dataclass(slots=True)
class Case:
    """One record before one workflow."""

    record: Record
    rules: Rules
    former: Former
    owner: str = ""
    said: Judgement | None = None
    keeps_report: bool = False
    changes_report: bool = False  # as Salesforce's own change: what the brakes count


def asking_workflows(connection: Connection, object_name: str) -> list[Rules]:
    """The object's workflows that say something: those that are on, or were just switched off."""
    workflows = (
        Workflow.objects.filter(connection=connection, object_name=object_name)
        .exclude(state=Workflow.State.NEEDS_ATTENTION)
        .select_related("connection", "company", "activity_type")
        .prefetch_related("conditions")
        .order_by("pk")
    )
    return [Rules.of(one) for one in workflows if _says_something(one)]


def _says_something(workflow: Workflow) -> bool:
    is_on = workflow.state == Workflow.State.ON
    return is_on or workflow.evaluated_version < workflow.version


def evaluate(
    connection: Connection,
    object_name: str,
    record_ids: Sequence[int],
    *,
    live: bool = False,
    anyway: Collection[int] = (),
    brakes_on: bool = True,
) -> Evaluated:
    """Judge what is due of these records, at most a few thousand, in the caller's transaction.

    The caller holds the records' locks. ``live`` says that they come as they change, so that their
    reports belong at the feed's top; ``anyway`` are records to be judged though nothing is newer.
    Until the transaction ends the company's feed is locked: this is its last work but one.
    """
    assert database.in_atomic_block
    now = timezone.now()
    cases: list[Case] = []
    for rules in asking_workflows(connection, object_name):
        cases += _due_cases(connection, rules, record_ids, anyway, now)
    if not cases:
        return Evaluated()
    _judge_all(connection, cases, live=live, now=now)
    if brakes_on:
        brakes.hold_mass_changes(connection, object_name, cases, now)
    evaluated = _write(connection, cases, now)
    tell_who_is_wanted(connection, cases)
    return evaluated


@transaction.atomic
def lock(record_ids: Sequence[int]) -> list[int]:
    """Lock those of these records that nobody else works on; for the caller's transaction."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM integrations_salesforcerecord WHERE id = ANY(%s)"
            " ORDER BY record_id FOR UPDATE SKIP LOCKED",
            [list(record_ids)],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _due_cases(
    connection: Connection,
    rules: Rules,
    record_ids: Sequence[int],
    anyway: Collection[int],
    now: datetime,
) -> Iterable[Case]:
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
    cases = _due_cases(rules.workflow.connection, rules, record_ids, record_ids, timezone.now())
    return [(case.former, case.record) for case in cases]


def _judge_all(connection: Connection, cases: Iterable[Case], *, live: bool, now: datetime) -> None:
    people = load_people(connection, {case.owner for case in cases if case.owner})
    for case in cases:
        case.said = judge(case.record, case.rules, people, case.former, now=now, live=live)


def _write(connection: Connection, cases: Sequence[Case], now: datetime) -> Evaluated:
    company = connection.company
    drafts = [case.said.draft for case in cases if case.said and case.said.draft]
    recorded = reports.record(company, drafts)
    by_reason: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        if case.said and case.said.takes_back and case.former.is_live:
            by_reason[case.said.reason].append(case.rules.source_key(case.record.record_id))
    taken_back = sum(reports.retract(company, keys, why) for why, keys in by_reason.items())
    bulk_writer.upsert(
        Evaluation,
        ("company", *_KEY, *_SAID, "evaluated_at"),
        (_row(connection, case, recorded.ids, now) for case in cases),
        key=_KEY,
        unless_same=_SAID,
    )
    said = [case.said.verdict for case in cases if case.said]
    return Evaluated(
        judged=len(cases),
        reported=recorded.added + recorded.brought_back,
        changed=recorded.changed,
        taken_back=taken_back,
        held=said.count(Says.HELD),
        waiting=said.count(Says.WAITING),
        set_aside=said.count(Says.FAILED),
    )


def _row(
    connection: Connection, case: Case, report_ids: Mapping[str, int], now: datetime
) -> tuple[Any, ...]:
    said, former, record = case.said, case.former, case.record
    assert said is not None
    return (
        connection.company_id,
        record.pk,
        case.rules.workflow.pk,
        said.verdict,
        bulk_writer.storable(said.reason),
        said.hold,
        said.owner,
        former.report_id or (report_ids.get(said.draft.source_key) if said.draft else None),
        record.version,
        case.rules.workflow.version,
        said.held_since,
        said.due_at,
        now if case.changes_report else former.report_changed_at,
        case.keeps_report,
        now,
    )
