"""What a revert does to some rows: accounts removed, deactivated, unmapped."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from integrations.models import DirectoryUser, PlannedChange, UserMapping

from .batch import Batch
from .revert_facts import gather_for_revert
from .since_preview import last_acts

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome


def undo(batch: Batch) -> None:
    rows = batch.with_action(Action.REMOVE, Action.DEACTIVATE, Action.UNMAP)
    if not rows:
        return
    _settle_changed(batch, rows)
    batch.leave_the_approver(_ending_access(batch))
    _leave_the_last_admin(batch)
    _delete_mappings(batch)
    _remove(batch)
    _deactivate(batch)
    _restore(batch)
    _after_unlinking(batch, rows)


def _after_unlinking(batch: Batch, rows: list[PlannedChange]) -> None:
    """What linking had ended: whoever was unlinked before is so again; or ignored, where asked."""
    for row in rows:
        person = batch.people.get(row.salesforce_user_id)
        if person is None or batch.results[row.pk].outcome != Outcome.DONE:
            continue
        if "ignore" in row.values:
            DirectoryUser.objects.filter(pk=person.pk).update(
                ignored_at=batch.now,
                ignored_by=batch.plan.approved_by,
                ignored_reason=row.values["ignore"],
            )
        if "unlinked_reason" in row.values:
            DirectoryUser.objects.filter(pk=person.pk).update(
                unlinked_at=batch.now,
                unlinked_by=batch.plan.approved_by,
                # An account that was removed left no report that could be held again.
                unlinked_from=User.objects.filter(pk=row.account_id).values("pk"),
                unlinked_reason=row.values["unlinked_reason"],
            )


def _settle_changed(batch: Batch, rows: list[PlannedChange]) -> None:
    facts = gather_for_revert(batch.plan.connection_id, batch.plan.company_id, rows)
    for row in rows:
        if facts[row.pk].account is None:
            batch.settle(row, Outcome.CHANGED, f"The account {row.account_name} is gone.")
        elif words := facts[row.pk].differences(row.basis):
            batch.settle(row, Outcome.CHANGED, f"Since the preview: {'; '.join(words)}.")


def _leave_the_last_admin(batch: Batch) -> None:
    going = {
        row.account_id or 0: row
        for row in _ending_access(batch)
        if _is_active_admin(batch.accounts[row.account_id or 0])
    }
    if going and not batch.has_admin_besides(going):
        row = next(iter(going.values()))
        batch.settle(row, Outcome.LEFT, "The last company admin is never removed or deactivated.")


def _ending_access(batch: Batch) -> list[PlannedChange]:
    rows = batch.with_action(Action.REMOVE, Action.DEACTIVATE, Action.UNMAP)
    return [
        row
        for row in rows
        if row.action != Action.UNMAP or "state" in row.values.get("restore", {})
    ]


def _is_active_admin(account: User) -> bool:
    return account.is_company_admin and account.is_active


def _delete_mappings(batch: Batch) -> None:
    rows = batch.with_action(Action.REMOVE, Action.DEACTIVATE, Action.UNMAP)
    UserMapping.objects.filter(
        connection=batch.plan.connection_id,
        salesforce_user_id__in=[row.salesforce_user_id for row in rows],
    ).delete()


def _remove(batch: Batch) -> None:
    rows = batch.with_action(Action.REMOVE)
    for row in rows:
        account = batch.accounts[row.account_id or 0]
        batch.log("account.removed", account, before={"e-mail": account.email})
        batch.settle(row, Outcome.DONE, "Removed.")
    if rows:
        User.objects.filter(pk__in=[row.account_id for row in rows]).delete()


def _deactivate(batch: Batch) -> None:
    rows = batch.with_action(Action.DEACTIVATE)
    for row in rows:
        account = batch.accounts[row.account_id or 0]
        batch.log("account.deactivated", account, before={"state": account.state})
        batch.settle(
            row, Outcome.DONE, "Deactivated and unmapped.", before={"state": account.state}
        )
    if rows:
        User.objects.filter(pk__in=[row.account_id for row in rows]).deactivate()


def _restore(batch: Batch) -> None:
    rows = batch.with_action(Action.UNMAP)
    touched = [row for row in rows if _restore_one(batch, row)]
    if not touched:
        return
    accounts = [batch.accounts[row.account_id or 0] for row in touched]
    User.objects.bulk_update(accounts, ["title", "team", "state"])
    gone = [account.pk for account in accounts if account.state == User.State.DEACTIVATED]
    User.objects.filter(pk__in=gone).deactivate()


def _restore_one(batch: Batch, row: PlannedChange) -> bool:
    """Write the former values where ours still stand; whether there was anything to write."""
    account = batch.accounts[row.account_id or 0]
    before: dict[str, Any] = {}
    kept: list[str] = []
    for name, (wrote, was) in row.values["restore"].items():
        if getattr(account, name) == wrote:
            before[name] = wrote
            setattr(account, name, was)
        else:
            kept.append("team" if name == "team_id" else name)
    note = "Unmapped, and deactivated again." if "state" in before else "Unmapped."
    if kept:
        acts = last_acts([str(account.pk)], batch.plan)
        by = acts.get(str(account.pk), "somebody")
        note += f" Left as it is: {' and '.join(kept)}, changed by {by}."
    batch.log(
        "account.unmapped",
        account,
        before=before,
        after={name: getattr(account, name) for name in before}
        | {"salesforce_user": row.salesforce_user_id},
    )
    batch.settle(row, Outcome.DONE, note, before={"account": before})
    return bool(before)
