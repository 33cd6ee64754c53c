"""Asking the workflows about records, and making reports and verdicts say what they answer.

Everything is read from what is kept, under the records' locks, so that two processes never judge
one record at once, and whoever is late judges the later state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.utils import timezone

from accounts import bulk_writer
from activities import reports
from integrations.models import Connection, Evaluation

from . import brakes
from .cases import Case, asking_workflows, due_cases
from .people import load_people
from .verdicts import judge
from .wanting import tell_who_is_wanted

Says = Evaluation.Verdict
Hold = Evaluation.Hold

#: Records judged in one transaction.
BATCH = 2_000

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
    "refused_change",
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
    if not record_ids:
        return Evaluated()
    now = timezone.now()
    cases: list[Case] = []
    for rules in asking_workflows(connection, object_name):
        cases += due_cases(connection, rules, record_ids, anyway, now)
    if not cases:
        return Evaluated()
    _judge_all(connection, cases, live=live, now=now)
    if brakes_on:
        brakes.hold_mass_changes(connection, object_name, cases, now)
    evaluated = _write(connection, cases, now)
    tell_who_is_wanted(connection, cases)
    return evaluated


def lock(record_ids: Sequence[int]) -> list[int]:
    """Lock those of these records that nobody else works on; for the caller's transaction."""
    assert database.in_atomic_block
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM integrations_salesforcerecord WHERE id = ANY(%s)"
            " ORDER BY record_id FOR UPDATE SKIP LOCKED",
            [list(record_ids)],
        )
        return [pk for (pk,) in cursor.fetchall()]


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
        case.refused_change,
        now,
    )
