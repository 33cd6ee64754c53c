"""What a change of a workflow would do, before it does it: nothing here writes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from integrations.models import Evaluation, HeldChange, SalesforceRecord, Workflow

from .cases import former_and_record
from .describing import labels_of
from .evaluating import BATCH
from .people import Person, load_people
from .rules import Former, Judgement, Record, Rules
from .verdicts import judge
from .workflows import Condition, unsaved

#: Records that are judged while somebody waits for the page: about four seconds.
MOST_JUDGED = 100_000


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


def preview_row(record: Record, said: Judgement, person: Person | None) -> PreviewRow:
    """What was said of the record, without a person where nobody is known."""
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


@dataclass
class ChangePreview:
    """What would become of the reports that there are, by the records that are kept.

    Of more than `MOST_JUDGED` records those are counted that have a report, then the newest. Where
    a field was never fetched nothing is counted: the records have to be read once more first.
    """

    taken_back: int = 0
    added: int = 0
    moved: int = 0
    unchanged: int = 0
    not_counted: int = 0  # records that were not looked at
    needs_reading: bool = False  # a field was never fetched
    reported: int = 0  # reports that there are, where nothing could be counted
    examples: list[PreviewRow] = field(default_factory=list)


def preview_change(workflow: Workflow, conditions: Sequence[Condition]) -> ChangePreview:
    """What `workflows.change` with the workflow as it is given would take back and add."""
    labels = labels_of(workflow.connection, workflow.object_name)
    rules = Rules.of(workflow, labels, unsaved(conditions))
    found = ChangePreview()
    record_ids = _reported_then_newest(workflow)
    for start in range(0, len(record_ids), BATCH):
        judged = list(_judged(rules, record_ids[start : start + BATCH]))
        lacking = [record.pk for _, record, said, _ in judged if said.lacks_field]
        # What nobody sees any more is not read again: it stays as it is.
        if _records_of(workflow).filter(pk__in=lacking, not_visible_since=None).exists():
            return ChangePreview(needs_reading=True, reported=_reported(workflow).count())
        for one in judged:
            _count(found, *one)
    if len(record_ids) == MOST_JUDGED:
        found.not_counted = _records_of(workflow).count() - MOST_JUDGED
    return found


def preview_switching_off(workflow: Workflow) -> int:
    """How many reports would be taken back, if that is chosen."""
    return _reported(workflow).count()


def preview_held_change(change: HeldChange) -> int:
    """How many reports wait for this decision."""
    return waiting_for(change).count()


def waiting_for(change: HeldChange) -> models.QuerySet[Evaluation]:
    """The verdicts whose reports wait for this decision; a workflow that is off has none."""
    return _waiting(change.connection_id, change.object_name, change.kind)


def undecided_changes() -> models.QuerySet[HeldChange]:
    """Mass changes that wait for a person's decision: what pages, mails and commands count."""
    waits = _waiting(OuterRef("connection"), OuterRef("object_name"), OuterRef("kind"))
    return HeldChange.objects.filter(
        Exists(waits), decided_at__isnull=True, finished_at__isnull=True
    ).order_by("pk")


def _waiting(
    connection: int | OuterRef, object_name: str | OuterRef, kind: str | OuterRef
) -> models.QuerySet[Evaluation]:
    return Evaluation.objects.filter(
        workflow__connection=connection, workflow__object_name=object_name, hold=kind
    ).exclude(workflow__state=Workflow.State.OFF)


def _records_of(workflow: Workflow) -> models.QuerySet[SalesforceRecord]:
    return SalesforceRecord.objects.filter(
        connection=workflow.connection_id, object_name=workflow.object_name
    )


def _reported(workflow: Workflow) -> models.QuerySet[Evaluation]:
    return Evaluation.objects.filter(
        workflow=workflow, report__isnull=False, report__retracted_at=None
    )


def _reported_then_newest(workflow: Workflow) -> list[int]:
    """The ids of the records of which a report could be taken back, and of those changed last."""
    reported = _reported(workflow).order_by("-record").values_list("record_id", flat=True)
    newest = _records_of(workflow).order_by("-system_modstamp", "-pk")
    both = (*reported[:MOST_JUDGED], *newest.values_list("pk", flat=True)[:MOST_JUDGED])
    return list(dict.fromkeys(both))[:MOST_JUDGED]


def _judged(
    rules: Rules, record_ids: Sequence[int]
) -> Iterator[tuple[Former, Record, Judgement, Person | None]]:
    """Some kept records, as the workflow would judge them."""
    now = timezone.now()
    found = former_and_record(rules, record_ids)
    owned = [(former, record, rules.owner_if_any(record.fields)) for former, record in found]
    owners = {owner for _, _, owner in owned if owner}
    people = load_people(rules.workflow.connection, owners)
    for former, record, owner in owned:
        said = judge(record, rules, people, former, now=now)
        yield former, record, said, people.get(owner)


def _count(
    found: ChangePreview, former: Former, record: Record, said: Judgement, person: Person | None
) -> None:
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
        found.examples.append(preview_row(record, said, person))
