"""What a person refused, or reverted, is not planned again by itself while it is still the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.models import AttributeRule, Connection, PlannedChange, SyncPlan

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
Kind = SyncPlan.Kind


class Update(NamedTuple):
    """One field of one account, what it was and what it would have become."""

    account_id: int
    field: str
    was: Any
    new: Any


def declined_updates(
    connection: Connection, rules: Collection[AttributeRule], account_ids: Collection[int]
) -> set[Update]:
    """Asked again once Salesforce says something else, or the attribute's policy is set anew."""
    undone = PlannedChange.objects.filter(
        plan__reverts=OuterRef("plan"),
        salesforce_user_id=OuterRef("salesforce_user_id"),
        outcome=Outcome.DONE,
    )
    rows = PlannedChange.objects.filter(
        Q(included=False) | Q(Exists(undone), outcome=Outcome.DONE),
        plan__connection=connection,
        plan__kind=Kind.ATTRIBUTES,
        plan__approved_at__isnull=False,
        action=Action.UPDATE,
        account__in=account_ids,
    )
    since = {rule.account_field: rule.policy_since for rule in rules}
    return {
        Update(row.account_id or 0, field, was, new)
        for row in rows.select_related("plan")
        for field, (was, new) in row.values["account"].items()
        if field in since and row.plan.created_at >= since[field]
    }


def declined_return() -> QuerySet[PlannedChange]:
    """That somebody refused to reactivate an account, since it was last deactivated; for the
    ``account`` of an outer query of mappings.
    """
    rows = PlannedChange.objects.filter(plan__kind=Kind.LEAVERS, account=OuterRef("account"))
    ended_later = rows.filter(
        action=Action.SUSPEND,
        outcome=Outcome.DONE,
        plan__created_at__gt=OuterRef("plan__created_at"),
    )
    refused: QuerySet[PlannedChange] = rows.filter(
        ~Exists(ended_later),
        plan__approved_at__isnull=False,
        action=Action.REACTIVATE,
        included=False,
    )
    return refused
