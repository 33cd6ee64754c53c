"""What combining two accounts does: mappings, reports, likes and comments go to one of them, and
the other one is deactivated. Separating them takes back what combining moved, and nothing else.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import User
from activities import handing_over
from integrations.models import PlannedChange, SyncPlan, UserMapping

from .batch import LAST_ADMIN, OWN_ACCOUNT, Batch

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

_WORDS = {
    "keep": "the account to keep was changed",
    "give_up": "the account to give up was changed",
    "mappings": "a mapping was changed",
}


def combine_and_separate(batch: Batch) -> None:
    rows = batch.with_action(Action.COMBINE, Action.SEPARATE)
    for row in rows:
        keep = batch.accounts.get(row.account_id or 0)
        give_up = batch.accounts.get(row.values["give_up"])
        if keep is None or give_up is None:
            batch.settle(row, Outcome.CHANGED, "One of the two accounts is gone.")
            continue
        if why_not := _why_not(batch, row, keep, give_up):
            batch.settle(row, Outcome.LEFT, f"{why_not}.")
        elif batch.expect([row], {row.pk: combine_basis(keep, give_up)}, _WORDS):
            effect = _combine if row.action == Action.COMBINE else _separate
            effect(batch, row, keep, give_up)


def combine_basis(keep: User, give_up: User) -> dict[str, Any]:
    mappings = UserMapping.objects.filter(account__in=(keep, give_up)).order_by("pk")
    return {
        "keep": [keep.state, keep.protected],
        "give_up": [give_up.state, give_up.protected, give_up.role],
        "mappings": [[one.pk, one.account_id, one.is_current] for one in mappings],
    }


def why_not_separate(combined: PlannedChange, keep: User, give_up: User) -> str:
    """What stands against undoing this row; empty where nothing does."""
    if give_up.protected:
        return f"{give_up} is protected from every sync"
    if later := _combined_since(combined, keep, give_up):
        gone = keep if later.values["give_up"] == keep.pk else give_up
        return f"Revert first that {gone} was combined with {later.account_name}"
    was_current = {pk: is_current for pk, is_current in combined.before["mappings"]}
    moved = UserMapping.objects.filter(pk__in=was_current)
    if moved.exclude(account=keep).exists():
        return f"A mapping that {give_up} had was changed since then"
    places = [one.connection_id for one in moved if was_current[one.pk]]
    taken = UserMapping.objects.filter(account=give_up, is_current=True, connection__in=places)
    if mapping := taken.first():
        return f"{give_up} is mapped to {mapping.salesforce_user_id} since then: unlink that first"
    return ""


def _combined_since(combined: PlannedChange, *accounts: User) -> PlannedChange | None:
    """That one of these was given up for a third account, and is still a part of it."""
    separated = PlannedChange.objects.filter(
        plan__reverts=OuterRef("plan"), action=Action.SEPARATE, outcome=Outcome.DONE
    )
    given_up = PlannedChange.objects.filter(
        ~Exists(separated),
        values__give_up__in=[account.pk for account in accounts],
        plan__company=combined.company_id,
        plan__kind=SyncPlan.Kind.COMBINE,
        outcome=Outcome.DONE,
        applied_at__gt=combined.applied_at,
    )
    return given_up.first()


def _why_not(batch: Batch, row: PlannedChange, keep: User, give_up: User) -> str:
    if row.action == Action.COMBINE:
        return ""
    combined = PlannedChange.objects.get(plan=batch.plan.reverts_id, action=Action.COMBINE)
    return why_not_separate(combined, keep, give_up)


def _combine(batch: Batch, row: PlannedChange, keep: User, give_up: User) -> None:
    if give_up.pk == batch.plan.approved_by_id:
        batch.settle(row, Outcome.LEFT, OWN_ACCOUNT)
        return
    is_admin = give_up.is_company_admin and give_up.is_active
    if is_admin and not batch.has_admin_besides([give_up.pk]):
        batch.settle(row, Outcome.LEFT, LAST_ADMIN)
        return
    moved = _move_mappings(keep, give_up)
    User.objects.filter(pk=give_up.pk).deactivate()
    handed = handing_over.hand_over(batch.plan.company_id, give_up.pk, keep.pk)
    before = {"mappings": moved, "state": give_up.state, "handed": handed.as_json()}
    batch.settle(row, Outcome.DONE, f"Combined: {handed}.", before=before)
    batch.log("account.combined", keep, after={"given up": give_up.email})
    batch.log("account.deactivated", give_up, before={"state": give_up.state})


def _move_mappings(keep: User, give_up: User) -> list[list[Any]]:
    """The moved mappings, and whether each was current. Of two current ones the kept one stays."""
    taken = set(
        UserMapping.objects.filter(account=keep, is_current=True).values_list(
            "connection_id", flat=True
        )
    )
    moved = []
    for mapping in UserMapping.objects.filter(account=give_up).select_for_update(no_key=True):
        moved.append([mapping.pk, mapping.is_current])
        UserMapping.objects.filter(pk=mapping.pk).update(
            account=keep, is_current=mapping.is_current and mapping.connection_id not in taken
        )
    return moved


def _separate(batch: Batch, row: PlannedChange, keep: User, give_up: User) -> None:
    before = row.values["before"]
    state = before["state"]
    if state != User.State.DEACTIVATED and not batch.may_reopen(row, give_up, state):
        return
    for mapping_id, was_current in before["mappings"]:
        UserMapping.objects.filter(pk=mapping_id, account=keep).update(
            account=give_up, is_current=was_current
        )
    User.objects.filter(pk=give_up.pk).update(state=state)
    handed = handing_over.Handed.from_json(before["handed"])
    handing_over.hand_back(batch.plan.company_id, give_up.pk, keep.pk, handed)
    batch.settle(row, Outcome.DONE, "Separated again.")
    batch.log("account.separated", keep, after={"given back": give_up.email})
    batch.log("account.reactivated", give_up, after={"state": state})
