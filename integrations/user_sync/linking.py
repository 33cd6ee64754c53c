"""What changes of mappings do to some rows: unlinked, linked again, moved to somebody come back.

A moved mapping leaves a *former* one behind, which goes on attributing the records of its time.
"""

from __future__ import annotations

from typing import Any

from accounts.models import User
from integrations.models import DirectoryUser, PlannedChange, UserMapping

from .batch import LAST_ADMIN, OWN_ACCOUNT, Batch
from .importing import link_again

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

_WORDS = {
    "mapping": "the mapping was changed",
    "former": "the former mapping was changed",
    "state": "the account's state was changed",
    "is_ignored": "ignored",
}


def link(batch: Batch) -> None:
    rows = batch.with_action(Action.UNLINK, Action.RELINK, Action.MOVE, Action.MOVE_BACK)
    if not rows:
        return
    mappings = _locked_mappings(batch, rows)
    effects = {
        Action.UNLINK: _unlink,
        Action.RELINK: _relink,
        Action.MOVE: _move,
        Action.MOVE_BACK: _move_back,
    }
    now = {row.pk: _basis_now(batch, row, mappings) for row in rows}
    for row in batch.expect(rows, now, _WORDS):
        effects[Action(row.action)](batch, row, mappings)


def _basis_now(
    batch: Batch, row: PlannedChange, mappings: dict[str, UserMapping]
) -> dict[str, Any]:
    """What these rows rest on: above all, whom the two Salesforce users are mapped to."""
    account = batch.accounts.get(row.account_id or 0)
    person = batch.people.get(row.salesforce_user_id)
    return {
        "mapping": as_basis(mappings.get(row.salesforce_user_id)),
        "former": as_basis(mappings.get(row.values.get("former_id", ""))),
        "state": account.state if account else None,
        "is_ignored": person is not None and person.ignored_at is not None,
    }


def as_basis(mapping: UserMapping | None) -> list[Any] | None:
    return [mapping.account_id, mapping.is_current] if mapping else None


def _locked_mappings(batch: Batch, rows: list[PlannedChange]) -> dict[str, UserMapping]:
    ids = {row.salesforce_user_id for row in rows} | {
        row.values["former_id"] for row in rows if "former_id" in row.values
    }
    mappings = UserMapping.objects.filter(
        connection=batch.plan.connection_id, salesforce_user_id__in=ids
    )
    locked = mappings.order_by("pk").select_for_update(no_key=True)
    return {one.salesforce_user_id: one for one in locked}


def _unlink(batch: Batch, row: PlannedChange, mappings: dict[str, UserMapping]) -> None:
    mapping = mappings[row.salesforce_user_id]
    reason = row.values.get("reason", "")
    DirectoryUser.objects.filter(
        connection=batch.plan.connection_id, salesforce_id=row.salesforce_user_id
    ).update(
        unlinked_at=batch.now,
        unlinked_by=batch.plan.approved_by,
        unlinked_from=mapping.account_id,
        unlinked_reason=reason,
    )
    kept = {
        "is_current": mapping.is_current,
        "approach": mapping.approach,
        "created_by": mapping.created_by_id,
    }
    mapping.delete()
    batch.settle(row, Outcome.DONE, "Unlinked.", before={"mapping": kept})
    _log(batch, "account.unlinked", row, reason=reason)


def _relink(batch: Batch, row: PlannedChange, mappings: dict[str, UserMapping]) -> None:
    account = batch.accounts.get(row.account_id or 0)
    if account is None:
        batch.settle(row, Outcome.CHANGED, f"The account {row.account_name} is gone.")
        return
    if row.values["mapping"]["is_current"] and _is_mapped_elsewhere(batch, account, row):
        batch.settle(row, Outcome.CHANGED, f"{account} is mapped to another Salesforce user now.")
        return
    _save_mapping(batch, row, account, **row.values["mapping"])
    _settle_linked(batch, row, "Linked again.")
    _log(batch, "account.linked_again", row)


def _move(batch: Batch, row: PlannedChange, mappings: dict[str, UserMapping]) -> None:
    account = batch.accounts[row.account_id or 0]
    reopened = account.state == User.State.DEACTIVATED
    if reopened and not _reopen(batch, row, account):
        return
    former = mappings[row.values["former_id"]]
    UserMapping.objects.filter(pk=former.pk).update(is_current=False)
    _save_mapping(batch, row, account, is_current=True, approach=batch.plan.approach)
    before = {"reopened": reopened, "former_is_current": former.is_current}
    _settle_linked(batch, row, "Moved; the past stays where it is.", before)
    _log(batch, "account.mapping_moved", row, former=row.values["former_id"])


def _move_back(batch: Batch, row: PlannedChange, mappings: dict[str, UserMapping]) -> None:
    account = batch.accounts[row.account_id or 0]
    mappings[row.salesforce_user_id].delete()
    UserMapping.objects.filter(pk=mappings[row.values["former_id"]].pk).update(
        is_current=row.values["former_is_current"]
    )
    stays = ""
    if row.values["reopened"] and account.state == User.State.ACTIVE:
        stays = _end_access(batch, row, account)
    batch.settle(row, Outcome.DONE, f"Moved back. {stays}".strip())
    _log(batch, "account.mapping_moved_back", row, former=row.values["former_id"])


def _reopen(batch: Batch, row: PlannedChange, account: User) -> bool:
    if not batch.may_reopen(row, account):
        return False
    User.objects.filter(pk=account.pk).update(state=User.State.ACTIVE)
    _log(batch, "account.reactivated", row, state=User.State.ACTIVE)
    return True


def _end_access(batch: Batch, row: PlannedChange, account: User) -> str:
    """The access that moving had given back ends; why not, in a sentence, where it must stay."""
    if account.protected:
        return f"{account} keeps its access: it is protected from every sync."
    if account.pk == batch.plan.approved_by_id:
        return OWN_ACCOUNT
    if account.is_company_admin and not batch.has_admin_besides([account.pk]):
        return LAST_ADMIN
    User.objects.filter(pk=account.pk).deactivate()
    _log(batch, "account.deactivated", row, state=User.State.DEACTIVATED)
    return ""


def _save_mapping(batch: Batch, row: PlannedChange, account: User, **fields: Any) -> None:
    created_by = fields.pop("created_by", batch.plan.approved_by and batch.plan.approved_by.pk)
    UserMapping.objects.create(
        company_id=batch.plan.company_id,
        connection_id=batch.plan.connection_id,
        salesforce_user_id=row.salesforce_user_id,
        account=account,
        created_by=User.objects.filter(pk=created_by).first(),
        **fields,
    )


def _settle_linked(
    batch: Batch, row: PlannedChange, note: str, before: dict[str, Any] | None = None
) -> None:
    if row.salesforce_user_id in batch.people:
        link_again(batch, [row])
    batch.settle(row, Outcome.DONE, note, before=before)


def _is_mapped_elsewhere(batch: Batch, account: User, row: PlannedChange) -> bool:
    current = UserMapping.objects.filter(
        connection=batch.plan.connection_id, account=account, is_current=True
    )
    return current.exclude(salesforce_user_id=row.salesforce_user_id).exists()


def _log(batch: Batch, action: str, row: PlannedChange, **told: Any) -> None:
    account = batch.accounts.get(row.account_id or 0)
    if account is not None:
        batch.log(action, account, after={"salesforce_user": row.salesforce_user_id} | told)
