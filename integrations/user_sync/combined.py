"""What combining two accounts does: mappings, reports, likes and comments go to one of them, and
the other one is deactivated. Separating them takes back what combining moved, and nothing else.
"""

from __future__ import annotations

from typing import Any

from accounts.models import User
from activities import handing_over
from integrations.models import PlannedChange, UserMapping

from .batch import LAST_ADMIN, Batch

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
        basis = {row.pk: combine_basis(keep, give_up)}
        if batch.expect([row], basis, _WORDS):
            effect = _combine if row.action == Action.COMBINE else _separate
            effect(batch, row, keep, give_up)


def combine_basis(keep: User, give_up: User) -> dict[str, Any]:
    mappings = UserMapping.objects.filter(account__in=(keep, give_up)).order_by("pk")
    return {
        "keep": [keep.state, keep.protected],
        "give_up": [give_up.state, give_up.protected, give_up.role],
        "mappings": [[one.pk, one.account_id, one.is_current] for one in mappings],
    }


def _combine(batch: Batch, row: PlannedChange, keep: User, give_up: User) -> None:
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
