"""What ignoring people, and no longer ignoring them, does to some rows."""

from __future__ import annotations

from collections import defaultdict

from integrations.models import DirectoryUser, PlannedChange

from .batch import Batch
from .importing import settle_changed

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

_DECIDES = ("is_ignored", "mapped_account")


def ignore_and_stop_ignoring(batch: Batch) -> None:
    rows = batch.with_action(Action.IGNORE, Action.STOP_IGNORING)
    if not rows:
        return
    settle_changed(batch, rows, _DECIDES)
    _ignore(batch)
    _stop_ignoring(batch)


def _ignore(batch: Batch) -> None:
    by_reason: dict[str, list[int]] = defaultdict(list)
    for row in batch.with_action(Action.IGNORE):
        by_reason[row.values.get("reason", "")].append(batch.people[row.salesforce_user_id].pk)
        batch.settle(row, Outcome.DONE, "Ignored.")
    for reason, people in by_reason.items():
        DirectoryUser.objects.filter(pk__in=people).update(
            ignored_at=batch.now, ignored_by=batch.plan.approved_by, ignored_reason=reason
        )


def _stop_ignoring(batch: Batch) -> None:
    people = []
    for row in batch.with_action(Action.STOP_IGNORING):
        person = batch.people[row.salesforce_user_id]
        people.append(person.pk)
        before = {"ignored_reason": person.ignored_reason}
        batch.settle(row, Outcome.DONE, "No longer ignored.", before=before)
    DirectoryUser.objects.filter(pk__in=people).update(
        ignored_at=None, ignored_by=None, ignored_reason=""
    )
