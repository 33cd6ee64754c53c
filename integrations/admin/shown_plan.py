"""A plan in a short list: its title with the count, its state, who and when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from integrations.models import Connection, SyncPlan

from .plan_rows import Counts
from .plan_words import STATE_TONES, title

#: Plans in a short list; all are under *Changes*.
NEWEST = 5


@dataclass(frozen=True)
class ShownPlan:
    plan: SyncPlan

    @classmethod
    def newest(cls, connection: Connection, **which: Any) -> list[ShownPlan]:
        """The last plans of a connection, of those that were not discarded."""
        plans = (
            connection.plans.filter(**which)
            .exclude(state=SyncPlan.State.DISCARDED)
            .select_related("created_by", "approved_by")
            .order_by("-created_at", "-pk")
        )
        return [cls(plan) for plan in plans[:NEWEST]]

    @cached_property
    def title(self) -> str:
        counts = Counts.of(self.plan)
        is_done = self.plan.state == SyncPlan.State.DONE
        return title(self.plan, counts.with_outcome("done") if is_done else counts.total)

    @property
    def tone(self) -> str:
        return STATE_TONES.get(SyncPlan.State(self.plan.state), "")
