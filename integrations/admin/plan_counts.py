"""The rows of a plan in numbers: of one for its page, of many for a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from integrations.models import PlannedChange, SyncPlan

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

_GROUPED_BY = ("action", "included", "outcome")


@dataclass(frozen=True)
class Counts:
    rows: Mapping[tuple[str, bool, str], int]  # by action, included, outcome

    @classmethod
    def of(cls, plan: SyncPlan) -> Counts:
        grouped = plan.changes.order_by().values_list(*_GROUPED_BY).annotate(number=Count("pk"))
        return cls({(action, ticked, ended): n for action, ticked, ended, n in grouped})

    @classmethod
    def read_with(cls, plan: Any) -> Counts:
        """``plan`` comes from `with_row_counts`."""
        return cls({tuple(row[key] for key in _GROUPED_BY): row["n"] for row in plan.row_counts})

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    @property
    def effective(self) -> int:
        """Rows that change something."""
        return sum(self.effective_by_action.values())

    @property
    def effective_by_action(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for (action, ticked, _), number in self.rows.items():
            if ticked and action not in PlannedChange.IDLE_ACTIONS:
                found[action] += number
        return dict(found)

    @property
    def done_by_action(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for (action, _, ended), number in self.rows.items():
            if ended == Outcome.DONE:
                found[action] += number
        return dict(found)

    def with_action(self, action: str) -> int:
        return sum(n for (each, _, _), n in self.rows.items() if each == action)

    def with_outcome(self, outcome: str) -> int:
        return sum(n for (_, _, ended), n in self.rows.items() if ended == outcome)


def with_row_counts(plans: QuerySet[SyncPlan]) -> QuerySet[SyncPlan]:
    """The plans with what `Counts.read_with` reads, and how many rows a revert has undone.

    It is counted in the same query, for those alone that are shown.
    """
    groups = (
        PlannedChange.objects.filter(plan=OuterRef("pk"))
        .order_by()
        .values(*_GROUPED_BY)
        .annotate(found=JSONObject(n=Count("pk"), **{key: key for key in _GROUPED_BY}))
    )
    undone = (
        PlannedChange.objects.filter(plan__reverts=OuterRef("pk"), outcome=Outcome.DONE)
        .order_by()
        .values("plan__reverts")
        .annotate(number=Count("pk"))
    )
    return plans.annotate(
        row_counts=ArraySubquery(groups.values("found")),
        rows_undone=Coalesce(Subquery(undone.values("number")), 0),
    )
