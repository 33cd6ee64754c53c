"""What leavers and returners do to some rows: access ends or comes back, the mapping stays.

Team and role stay on a deactivated account, and so come back with it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from integrations.models import Connection, DirectoryUser, PlannedChange, UserMapping

from .batch import LAST_ADMIN, Batch

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

_WORDS = {
    "state": "the account's state was changed",
    "is_active": "came back to, or left, Salesforce",
    "is_frozen": "was frozen, or is no longer frozen, in Salesforce",
    "is_missing": "is no longer visible to the connecting user, or is again",
    "mapped_account": "the mapping was changed",
    "protected": "the account was protected from every sync",
    "is_kept": "somebody decided otherwise",
}
ACTIVE_ELSEWHERE = "Since the preview: active in another Salesforce org of the company."


def suspend_and_reactivate(batch: Batch) -> None:
    actions = (Action.SUSPEND, Action.REACTIVATE, Action.KEEP, Action.NO_LONGER_KEEP)
    rows = batch.with_action(*actions)
    if not rows:
        return
    gone = [row for row in rows if (row.account_id or 0) not in batch.accounts]
    for row in gone:
        batch.settle(row, Outcome.CHANGED, f"The account {row.account_name} is gone.")
    mapped_to = dict(
        UserMapping.objects.filter(
            connection=batch.plan.connection_id,
            salesforce_user_id__in=[row.salesforce_user_id for row in rows],
        ).values_list("salesforce_user_id", "account_id")
    )
    standing = batch.with_action(*actions)
    now = {
        row.pk: leaver_basis(
            batch.people.get(row.salesforce_user_id),
            batch.accounts[row.account_id or 0],
            mapped_to.get(row.salesforce_user_id),
        )
        for row in standing
    }
    batch.expect(standing, now, _WORDS)
    _suspend(batch)
    _reactivate(batch)
    _keep(batch)


def leaver_basis(
    person: DirectoryUser | None, account: User, mapped_account: int | None
) -> dict[str, Any]:
    return {
        "state": account.state,
        "is_active": person.is_active if person else None,
        "is_frozen": person.is_frozen if person else None,
        "is_missing": person.missing_since is not None if person else None,
        "mapped_account": mapped_account,
        "protected": account.protected,
        "is_kept": person is not None and person.account_kept_at is not None,
    }


def active_elsewhere(connection: Connection) -> QuerySet[UserMapping]:
    """Current mappings of whoever is active in another org of the company."""
    active = DirectoryUser.objects.filter(
        connection=OuterRef("connection"),
        salesforce_id=OuterRef("salesforce_user_id"),
        is_active=True,
        is_frozen=False,
        missing_since__isnull=True,
    )
    mappings: QuerySet[UserMapping] = (
        UserMapping.objects.filter(Exists(active), company=connection.company_id, is_current=True)
        .exclude(connection=connection)
        .exclude(connection__state=Connection.State.TERMINATED)
    )
    return mappings


def _suspend(batch: Batch) -> None:
    batch.leave_the_approver(batch.with_action(Action.SUSPEND))
    _leave_who_is_active_elsewhere(batch)
    _leave_the_last_admin(batch)
    rows = batch.with_action(Action.SUSPEND)
    User.objects.filter(pk__in=[row.account_id for row in rows]).deactivate()
    for row in rows:
        account = batch.accounts[row.account_id or 0]
        before = {"state": account.state, "access_version": account.access_version + 1}
        batch.settle(row, Outcome.DONE, "Deactivated.", before=before)
        batch.log(
            "account.deactivated",
            account,
            before={"state": account.state},
            after={"state": User.State.DEACTIVATED, "salesforce_user": row.salesforce_user_id},
        )
    _ignore(batch, [row for row in rows if "ignore" in row.values])


def _leave_who_is_active_elsewhere(batch: Batch) -> None:
    rows = [row for row in batch.with_action(Action.SUSPEND) if "ignore" not in row.values]
    mappings = active_elsewhere(batch.plan.connection)
    accounts = [row.account_id for row in rows]
    staying = set(mappings.filter(account__in=accounts).values_list("account", flat=True))
    for row in rows:
        if row.account_id in staying:
            batch.settle(row, Outcome.CHANGED, ACTIVE_ELSEWHERE)


def _leave_the_last_admin(batch: Batch) -> None:
    rows = [
        row
        for row in batch.with_action(Action.SUSPEND)
        if batch.accounts[row.account_id or 0].is_company_admin
        and batch.accounts[row.account_id or 0].is_active
    ]
    if rows and not batch.has_admin_besides([row.account_id or 0 for row in rows]):
        batch.settle(rows[0], Outcome.LEFT, LAST_ADMIN)


def _ignore(batch: Batch, rows: list[PlannedChange]) -> None:
    for row in rows:
        DirectoryUser.objects.filter(pk=batch.people[row.salesforce_user_id].pk).update(
            ignored_at=batch.now,
            ignored_by=batch.plan.approved_by,
            ignored_reason=row.values["ignore"],
        )


def _reactivate(batch: Batch) -> None:
    for row in batch.with_action(Action.REACTIVATE):
        account = batch.accounts[row.account_id or 0]
        state = row.values["state"]
        if batch.may_reopen(row, account, state):
            _reactivate_one(batch, row, account, state)


def _reactivate_one(batch: Batch, row: PlannedChange, account: User, state: str) -> None:
    User.objects.filter(pk=account.pk).update(state=state)
    person = batch.people.get(row.salesforce_user_id)
    if person is not None and row.values.get("stop_ignoring"):
        DirectoryUser.objects.filter(pk=person.pk).update(
            ignored_at=None, ignored_by=None, ignored_reason=""
        )
    if person is not None and not person.is_active:
        _keep_account(batch, person)  # else the policy would end the access again a minute later
    batch.settle(row, Outcome.DONE, "Reactivated.", before={"state": account.state})
    batch.log(
        "account.reactivated",
        account,
        before={"state": account.state},
        after={"state": state, "salesforce_user": row.salesforce_user_id},
    )


def _keep(batch: Batch) -> None:
    for row in batch.with_action(Action.KEEP, Action.NO_LONGER_KEEP):
        person = batch.people[row.salesforce_user_id]
        if row.action == Action.KEEP:
            _keep_account(batch, person)
            batch.settle(row, Outcome.DONE, "The account stays.")
        else:
            DirectoryUser.objects.filter(pk=person.pk).update(
                account_kept_at=None, account_kept_by=None
            )
            batch.settle(row, Outcome.DONE, "The account no longer stays by itself.")


def _keep_account(batch: Batch, person: DirectoryUser) -> None:
    DirectoryUser.objects.filter(pk=person.pk).update(
        account_kept_at=batch.now, account_kept_by=batch.plan.approved_by
    )
