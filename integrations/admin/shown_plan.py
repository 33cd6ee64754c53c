"""A plan in a short list: its title with the count, its state, who and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.models import Connection, PlannedChange, SyncPlan

from .plan_counts import Counts, with_row_counts
from .plan_words import STATE_TONES, title

#: Plans in a short list; all are under *Changes*.
NEWEST = 5


@dataclass(frozen=True)
class ShownPlan:
    plan: SyncPlan
    counts: Counts
    undone: int  # rows that a revert has undone

    @classmethod
    def newest(cls, connection: Connection, **which: Any) -> list[ShownPlan]:
        """The last plans of a connection, of those that were not discarded."""
        plans = (
            connection.plans.filter(**which)
            .exclude(state=SyncPlan.State.DISCARDED)
            .select_related("created_by", "approved_by")
            .order_by("-created_at", "-pk")
        )
        return [cls.of(plan) for plan in with_row_counts(plans)[:NEWEST]]

    @classmethod
    def of(cls, plan: Any) -> ShownPlan:
        """``plan`` comes from `with_row_counts`."""
        return cls(plan, Counts.read_with(plan), plan.rows_undone)

    @property
    def title(self) -> str:
        return title(self.plan, self.counts)

    @property
    def done(self) -> int:
        return self.counts.with_outcome(PlannedChange.Outcome.DONE)

    @property
    def state(self) -> str:
        """“Done”, or “Done, reverted”."""
        words = self.plan.get_state_display()
        if not self.undone:
            return words
        return f"{words}, {'partly ' if self.undone < self.done else ''}reverted"

    @property
    def tone(self) -> str:
        return "" if self.undone else STATE_TONES.get(SyncPlan.State(self.plan.state), "")
