"""A plan in a short list: its title with the count, its state, who and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from integrations.models import Connection, PlannedChange, SyncPlan

from .plan_words import STATE_TONES, title

#: Plans in a short list; all are under *Changes*.
NEWEST = 5


@dataclass(frozen=True)
class ShownPlan:
    plan: SyncPlan
    rows: int
    rows_done: int

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
        return cls(plan, plan.rows, plan.rows_done)

    @property
    def title(self) -> str:
        is_done = self.plan.state == SyncPlan.State.DONE
        return title(self.plan, self.rows_done if is_done else self.rows)

    @property
    def tone(self) -> str:
        return STATE_TONES.get(SyncPlan.State(self.plan.state), "")


def with_row_counts(plans: QuerySet[SyncPlan]) -> QuerySet[SyncPlan]:
    """The plans with their ``rows`` and ``rows_done``, counted for those alone that are shown."""
    rows = PlannedChange.objects.filter(plan=OuterRef("pk")).order_by().values("plan")
    done = rows.filter(outcome=PlannedChange.Outcome.DONE)
    return plans.annotate(
        rows=Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0),
        rows_done=Coalesce(Subquery(done.annotate(number=Count("pk")).values("number")), 0),
    )
