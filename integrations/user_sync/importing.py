"""What an import does to some rows: new accounts, and people mapped to existing ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from accounts.models import User
from integrations.models import Approach, DirectoryUser, PlannedChange, UserMapping

from .batch import NO_SEAT, Batch
from .facts import Facts, gather
from .mapping_rows import account_basis
from .since_preview import account_ids_that_differ, differences, last_acts

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

#: What may be filled in on an existing account, each only where it is empty.
FILLED = ("title", "team_id")


def create_and_map(batch: Batch) -> None:
    rows = batch.with_action(Action.CREATE, Action.MAP)
    if not rows:
        return
    settle_changed(batch, rows)
    _create(batch)
    _map(batch)


def settle_changed(batch: Batch, rows: list[PlannedChange], keys: Collection[str] = ()) -> None:
    """Rows whose basis is no longer true are not applied, and say what changed and who did it."""
    facts = {
        found.person.salesforce_id: found
        for found in gather(
            batch.plan.connection,
            list(batch.people.values()),
            approach=Approach(batch.plan.approach),
        ).values()
    }
    chosen = _chosen_accounts(batch, rows)
    changed: list[tuple[PlannedChange, list[str], set[str]]] = []
    for row in rows:
        words, accounts = _what_changed(row, facts.get(row.salesforce_user_id), chosen, keys)
        if words:
            changed.append((row, words, accounts))
    if not changed:
        return
    doubted = {account for _, _, accounts in changed for account in accounts}
    acts = last_acts(doubted, batch.plan) if doubted else {}
    for row, words, accounts in changed:
        by = {acts[account] for account in accounts if account in acts}
        note = "Since the preview: " + "; ".join(words) + "".join(f" ({who})" for who in sorted(by))
        batch.settle(row, Outcome.CHANGED, note + ".")


def _chosen_accounts(batch: Batch, rows: list[PlannedChange]) -> dict[int, dict[str, Any]]:
    """The basis, as it would be today, of accounts that a person named for somebody."""
    ids = {row.account_id or 0 for row in rows if "account" in row.basis}
    ids &= batch.accounts.keys()
    if not ids:
        return {}
    mapped = UserMapping.objects.filter(
        connection=batch.plan.connection_id, is_current=True, account__in=ids
    )
    mapped_to = dict(mapped.values_list("account_id", "salesforce_user_id"))
    return {pk: account_basis(batch.accounts[pk], mapped_to.get(pk, "")) for pk in ids}


def _what_changed(
    row: PlannedChange,
    facts: Facts | None,
    chosen: Mapping[int, dict[str, Any]],
    keys: Collection[str],
) -> tuple[list[str], set[str]]:
    if facts is None:
        return ["the Salesforce user is no longer in the list"], set()
    now = facts.as_basis()
    # An account that is gone is said where it would be mapped.
    now["account"] = chosen.get(row.account_id or 0, row.basis.get("account"))
    words = differences(row.basis, now, keys)
    if words and facts.mapping is not None and row.basis["mapped_account"] is None:
        by = f", from {facts.mapping.created_by}" if facts.mapping.created_by else ""
        return [f"has the account {facts.mapping.account}{by}"], set()
    if words and facts.person.ignored_at is not None and not row.basis["is_ignored"]:
        by = f" by {facts.person.ignored_by}" if facts.person.ignored_by else ""
        return [f"ignored{by}"], set()
    return words, account_ids_that_differ(row.basis, now) if words else set()


def _create(batch: Batch) -> None:
    made: list[tuple[PlannedChange, User]] = []
    for row in batch.with_action(Action.CREATE):
        if _team_is_gone(batch, row):
            continue
        state = _state_of_new_account(batch, row.values)
        if state is None:
            batch.settle(row, Outcome.NO_SEAT, NO_SEAT)
            continue
        made.append((row, _new_account(batch, row.values | {"state": state})))
    if not made:
        return
    User.objects.bulk_create([account for _, account in made])
    _save_mappings(batch, made)
    for row, account in made:
        note = "Account made." if account.is_active else "Account made; it is pending."
        batch.settle(row, Outcome.DONE, note, account=account, before=_no_longer(batch, row))
        told = _told(row.values) | {"state": account.state}
        batch.log("account.created", account, after=told | _whom(row))
    link_again(batch, [row for row, _ in made])


def _state_of_new_account(batch: Batch, values: dict[str, Any]) -> str | None:
    """Only active accounts need a seat; ``None`` where there is none."""
    if values["state"] == User.State.PENDING or batch.take_seat():
        state: str = values["state"]
        return state
    return User.State.PENDING if values.get("pending_without_seat") else None


def _no_longer(batch: Batch, row: PlannedChange) -> dict[str, Any]:
    """What linking ends: an earlier unlinking, and being wanted. For a revert."""
    person = batch.people[row.salesforce_user_id]
    if person.unlinked_at is None:
        return {}
    return {"unlinked_reason": person.unlinked_reason}


def link_again(batch: Batch, rows: list[PlannedChange]) -> None:
    """Somebody who has an account is neither unlinked nor wanted."""
    people = [batch.people[row.salesforce_user_id] for row in rows]
    DirectoryUser.objects.filter(pk__in=[one.pk for one in people]).exclude(
        unlinked_at__isnull=True, wanted_since__isnull=True
    ).update(
        unlinked_at=None,
        unlinked_by=None,
        unlinked_from=None,
        unlinked_reason="",
        wanted_since=None,
        wanted_record_id="",
        wanted_workflow=None,
    )


def _new_account(batch: Batch, values: dict[str, Any]) -> User:
    account = User(
        company_id=batch.plan.company_id,
        **{
            name: values[name]
            for name in (
                *("name", "email", "title", "time_zone", "federation_id", "team_id", "role"),
                "state",
            )
        },
    )
    account.set_unusable_password()
    return account


def _map(batch: Batch) -> None:
    rows: list[tuple[PlannedChange, User]] = []
    filled: list[User] = []
    for row in batch.with_action(Action.MAP):
        account = _account_to_map(batch, row)
        if account is None:
            continue
        rows.append((row, account))
        written = _fill(account, row.values)
        if written:
            filled.append(account)
        before = {"account": written} | _no_longer(batch, row)
        note = "Mapped; account reactivated." if "state" in written else "Mapped."
        batch.settle(row, Outcome.DONE, note, account=account, before=before)
        batch.log(
            "account.mapped",
            account,
            before={name: was for name, (was, _) in written.items()},
            after={name: wrote for name, (_, wrote) in written.items()} | _whom(row),
        )
    if filled:
        User.objects.bulk_update(filled, ["title", "team", "state"])
    _save_mappings(batch, rows)
    link_again(batch, [row for row, _ in rows])


def _account_to_map(batch: Batch, row: PlannedChange) -> User | None:
    """With a seat where it is reopened; ``None`` where the row says why it cannot be mapped."""
    account = batch.accounts.get(row.account_id or 0)
    if account is None:
        batch.settle(row, Outcome.CHANGED, f"The account {row.account_name} is gone.")
        return None
    if _team_is_gone(batch, row):
        return None
    if not _is_reopened(account, row.values):
        return account
    return account if batch.may_reopen(row, account) else None


def _is_reopened(account: User, values: dict[str, Any]) -> bool:
    return values.get("state") == User.State.ACTIVE and account.state != User.State.ACTIVE


def _fill(account: User, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Write what is empty; return the former and the written value by field, for a revert."""
    written: dict[str, list[Any]] = {}
    for name in FILLED:
        if values.get(name) and not getattr(account, name):
            written[name] = [getattr(account, name), values[name]]
    if _is_reopened(account, values):
        written["state"] = [account.state, values["state"]]
    for name, (_, wrote) in written.items():
        setattr(account, name, wrote)
    return written


def _save_mappings(batch: Batch, rows: list[tuple[PlannedChange, User]]) -> None:
    UserMapping.objects.bulk_create(
        UserMapping(
            company_id=batch.plan.company_id,
            connection_id=batch.plan.connection_id,
            salesforce_user_id=row.salesforce_user_id,
            account=account,
            approach=batch.plan.approach,
            created_by=batch.plan.approved_by,
        )
        for row, account in rows
    )


def _team_is_gone(batch: Batch, row: PlannedChange) -> bool:
    team_id = row.values.get("team_id")
    if team_id is None or team_id in batch.team_ids:
        return False
    batch.settle(row, Outcome.CHANGED, f"The team {row.values['team_name']} is gone.")
    return True


def _told(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("name", "email", "role", "state", "team_name")}


def _whom(row: PlannedChange) -> dict[str, str]:
    return {"salesforce_user": row.salesforce_user_id}
