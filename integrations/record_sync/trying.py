"""*Try it*: what a workflow would have reported of the last days. Nothing here writes anything."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from integrations.credentials import client_for
from integrations.models import Connection, Evaluation, Workflow, WorkflowCondition
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, PermanentError
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS
from integrations.salesforce.soql import literal, select

from .fields import FieldSet, UnusableRecord, field_labels, field_set, field_types, snapshot
from .people import load_people
from .previewing import PreviewRow, preview_row
from .rules import Former, Record, Rules
from .verdicts import judge

logger = logging.getLogger(__name__)
Says = Evaluation.Verdict

#: Rows of a trial: enough to judge a workflow by, and read within a web request's patience.
TRIED = 2_000
_PRIVATE_SHARING = ("Private", "Read")


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


def try_workflow(
    workflow: Workflow, days: int, conditions: Sequence[WorkflowCondition] | None = None
) -> Trial:
    """Judge the last days' real records as if the workflow were on, as it is given here.

    With its conditions given it need not have been saved. Raises SalesforceError.
    """
    with client_for(workflow.connection, limits=WHILE_SOMEBODY_WAITS) as client:
        described = client.describe(workflow.object_name)
        rules = Rules.of(_as_if_on(workflow), field_labels(described), conditions)
        try:
            fields = field_set(workflow.object_name, rules.needs, field_types(described))
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


def _as_if_on(workflow: Workflow) -> Workflow:
    tried = copy(workflow)
    tried.state, tried.counts_from = Workflow.State.ON, None
    return tried


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
    owned = [(record, rules.owner_if_any(record.fields)) for record in records]
    people = load_people(connection, {owner for _, owner in owned if owner})
    now = timezone.now()
    return [
        preview_row(record, judge(record, rules, people, Former(), now=now), people.get(owner))
        for record, owner in owned
    ]


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
