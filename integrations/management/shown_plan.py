"""A plan as a command shows it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.seats import count_seats
from integrations.models import PlannedChange, SyncPlan
from integrations.user_sync.planning import seats_needed

from .scriptable import Answer
from .working import counts_by

Action = PlannedChange.Action
ROWS_SHOWN = 20


def shown(plan: SyncPlan, *, rows: int = ROWS_SHOWN) -> Answer:
    """Its state, how many rows of each action, the seats, and its first ``rows`` rows."""
    actions, outcomes = counts_by(plan, "action"), counts_by(plan, "outcome")
    needed, free = seats_needed(plan), count_seats(plan.company).free
    first = list(plan.changes.order_by("position")[:rows])
    return Answer(
        {
            "plan": plan.pk,
            "kind": plan.kind,
            "approach": plan.approach,
            "state": plan.state,
            "connection": plan.connection_id,
            "actions": actions,
            "outcomes": outcomes,
            "seats": {"needed": needed, "free": free},
            "rows": [_row(change) for change in first],
            "address": address_of(plan),
        },
        [
            f"{plan}: {plan.get_state_display().lower()}",
            *(f"{number:7,} {Action(name).label}" for name, number in actions.items()),
            *_seats_in_words(needed, free),
            *(_line(change) for change in first),
        ],
    )


def shown_result(plan: SyncPlan) -> Answer:
    """A plan of few rows that was applied at once; fails where its rows did not come through."""
    answer = shown(plan)
    rows = list(plan.changes.order_by("position"))
    if plan.state in SyncPlan.STATES_OPEN:
        answer.waits_for = f"Somebody decides: {address_of(plan)}"
    elif any(row.outcome != PlannedChange.Outcome.DONE for row in rows):
        answer.failure = " ".join(row.outcome_note for row in rows)
    return answer


def address_of(plan: SyncPlan) -> str:
    """Where a person sees it."""
    return f"{settings.BASE_URL}{reverse('admin:integrations_syncplan_change', args=[plan.pk])}"


def _row(change: PlannedChange) -> dict[str, Any]:
    return {
        "position": change.position,
        "salesforce_user_id": change.salesforce_user_id,
        "name": change.person_name,
        "action": change.action,
        "reason": change.reason,
        "included": change.included,
        "account": change.account_id,
        "outcome": change.outcome,
        "note": change.outcome_note,
    }


def _line(change: PlannedChange) -> str:
    tick = "x" if change.included else " "
    words = f"[{tick}] {change.person_name}: {change.get_action_display()}. {change.reason}"
    if change.outcome == PlannedChange.Outcome.WAITING:
        return words
    return f"{words} -> {change.get_outcome_display()}. {change.outcome_note}".rstrip()


def _seats_in_words(needed: int, free: int | None) -> list[str]:
    if free is None:
        return []
    return [f"{needed:7,} seats needed, {free:,} free"]
