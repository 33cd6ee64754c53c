"""What a workflow would do, before it does it: nothing here writes anything."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection as database
from django.utils import timezone

from integrations.credentials import client_for
from integrations.models import Connection, Evaluation, HeldChange, Workflow, WorkflowCondition
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, PermanentError
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS
from integrations.salesforce.soql import literal, select

from .evaluating import BATCH, former_and_record
from .fields import FieldSet, UnusableRecord, field_set, field_types, snapshot
from .people import Person, load_people
from .rules import Former, Judgement, Record, Rules
from .verdicts import judge
from .workflows import Condition

logger = logging.getLogger(__name__)
Says = Evaluation.Verdict

#: Rows of a trial: enough to judge a workflow by, and read within a web request's patience.
TRIED = 2_000
_PRIVATE_SHARING = ("Private", "Read")


@dataclass(frozen=True)
class PreviewRow:
    """One record as colleagues would see it, or why they would not."""

    record_id: str
    verdict: str
    reason: str
    person: str
    occurred_on: date | None = None
    value: Decimal | None = None
    currency: str = ""
    title: str = ""


@dataclass(frozen=True)
class Trial:
    """What a workflow would have reported of the last days."""

    rows: list[PreviewRow]
    by_verdict: Mapping[str, int]
    totals: Mapping[str, Decimal]  # by currency
    is_cut: bool  # there are more records than were read
    warning: str = ""

    @property
    def reported(self) -> list[PreviewRow]:
        return [row for row in self.rows if row.verdict == Says.REPORTED]

    @property
    def held(self) -> list[PreviewRow]:
        return [row for row in self.rows if row.verdict == Says.HELD]


@dataclass
class ChangePreview:
    """What would become of the reports that there are, by the records that are kept."""

    taken_back: int = 0
    added: int = 0
    moved: int = 0
    unchanged: int = 0
    needs_reading: bool = False  # a field was never fetched: the rest shows after a backfill
    examples: list[PreviewRow] = field(default_factory=list)


def try_workflow(workflow: Workflow, days: int) -> Trial:
    """Judge the last days' real records as if the workflow were on. Raises SalesforceError."""
    rules = _as_if_on(workflow)
    with client_for(workflow.connection, limits=WHILE_SOMEBODY_WAITS) as client:
        known = field_types(client.describe(workflow.object_name))
        try:
            fields = field_set(workflow.object_name, rules.needs, known)
        except UnusableRecord as error:
            raise ConfigurationError(str(error), object_name=workflow.object_name) from error
        records = _newest(client, fields, days)
        warning = _sharing_warning(client, workflow.object_name)
    rows = _judged(workflow.connection, rules, records)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.verdict == Says.REPORTED and row.value is not None:
            totals[row.currency] += row.value
    return Trial(
        rows=rows,
        by_verdict=Counter(row.verdict for row in rows),
        totals=dict(totals),
        is_cut=len(records) >= TRIED,
        warning=warning,
    )


def preview_change(workflow: Workflow, conditions: Sequence[Condition]) -> ChangePreview:
    """What `workflows.change` with the workflow as it is given would take back and add."""
    given = [
        WorkflowCondition(field=one.field, operator=one.operator, value=one.value)
        for one in conditions
    ]
    rules = Rules.of(workflow, given)
    found = ChangePreview()
    for judged in _all_judged(rules):
        _count(found, *judged)
    return found


def preview_switching_off(workflow: Workflow) -> int:
    """How many reports would be taken back, if that is chosen."""
    return Evaluation.objects.filter(
        workflow=workflow, report__isnull=False, report__retracted_at=None
    ).count()


def preview_held_change(change: HeldChange) -> int:
    """How many reports wait for this decision."""
    return Evaluation.objects.filter(
        workflow__connection=change.connection_id,
        workflow__object_name=change.object_name,
        hold=change.kind,
    ).count()


def _as_if_on(workflow: Workflow) -> Rules:
    saved = (
        Workflow.objects.select_related("connection", "company", "activity_type")
        .prefetch_related("conditions")
        .get(pk=workflow.pk)
    )
    saved.state, saved.counts_from = Workflow.State.ON, None
    return Rules.of(saved)


def _newest(client: SalesforceClient, fields: FieldSet, days: int) -> list[Record]:
    since = timezone.now() - timedelta(days=days)
    soql = select(
        fields.names,
        fields.object_name,
        where=f"SystemModstamp >= {literal(since)}",
        order_by="SystemModstamp DESC",
        limit=TRIED,
    )
    records = []
    for row in client.query_all(soql):
        try:
            seen = snapshot(row, fields)
        except UnusableRecord as error:
            logger.warning("left out of a trial: %s", error)
            continue
        records.append(
            Record(
                0,
                seen.record_id,
                seen.values,
                seen.is_deleted,
                seen.system_modstamp,
                1,
            )
        )
    return records


def _judged(connection: Connection, rules: Rules, records: Iterable[Record]) -> list[PreviewRow]:
    owned = [(record, _owner(rules, record)) for record in records]
    people = load_people(connection, {owner for _, owner in owned if owner})
    now = timezone.now()
    return [
        _row(record, judge(record, rules, people, Former(), now=now), people.get(owner))
        for record, owner in owned
    ]


def _owner(rules: Rules, record: Record) -> str:
    try:
        return rules.owner(record.fields)
    except ValueError:
        return ""


def _row(record: Record, said: Judgement, person: Person | None) -> PreviewRow:
    draft = said.draft
    return PreviewRow(
        record.record_id,
        said.verdict,
        said.reason,
        person.name if person else "",
        draft.occurred_on if draft else None,
        draft.value if draft else None,
        draft.currency if draft else "",
        draft.title if draft else "",
    )


def _sharing_warning(client: SalesforceClient, object_name: str) -> str:
    """Colleagues would see here what Salesforce does not show them; empty when they see it."""
    soql = select(
        ["InternalSharingModel"],
        "EntityDefinition",
        where=f"QualifiedApiName = {literal(object_name)}",
    )
    try:
        rows = client.first_page(soql).rows
    except (ConfigurationError, PermanentError):
        return ""  # not every connecting user may know
    if not rows or rows[0].get("InternalSharingModel") not in _PRIVATE_SHARING:
        return ""
    return (
        f"In Salesforce not everybody sees every {object_name}. Here all colleagues see the title"
        " and the amount of what this workflow reports."
    )


def _all_judged(rules: Rules) -> Iterator[tuple[Former, Record, Judgement, Person | None]]:
    """All kept records of the workflow's object, in batches, as the workflow would judge them."""
    workflow, now, last = rules.workflow, timezone.now(), 0
    while True:
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM integrations_salesforcerecord WHERE connection_id = %s"
                " AND object_name = %s AND id > %s ORDER BY id LIMIT %s",
                [workflow.connection_id, workflow.object_name, last, BATCH],
            )
            ids = [pk for (pk,) in cursor.fetchall()]
        if not ids:
            return
        last = ids[-1]
        found = former_and_record(rules, ids)
        owned = [(former, record, _owner(rules, record)) for former, record in found]
        people = load_people(workflow.connection, {owner for _, _, owner in owned if owner})
        for former, record, owner in owned:
            said = judge(record, rules, people, former, now=now)
            yield former, record, said, people.get(owner)


def _count(
    found: ChangePreview, former: Former, record: Record, said: Judgement, person: Person | None
) -> None:
    if said.reason.startswith("Read before"):
        found.needs_reading = True
    draft = said.draft
    if former.is_live and said.takes_back:
        found.taken_back += 1
    elif draft is not None and not former.is_live:
        found.added += 1
    elif draft is not None and draft.user_id != former.account_id:
        found.moved += 1
    else:
        found.unchanged += 1
        return
    if len(found.examples) < 50:
        found.examples.append(_row(record, said, person))
