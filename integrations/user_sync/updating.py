"""What updates from Salesforce do to some rows: attributes of accounts written, each where it still
is what the row was decided on.
"""

from __future__ import annotations

from typing import Any

from accounts.models import User
from integrations.models import PlannedChange, UserMapping

from .batch import Batch

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome

FIELDS = ("name", "time_zone", "title", "team_id")
_WORDS = {"mapped_account": "the mapping was changed"}
LABELS = {"name": "name", "time_zone": "time zone", "title": "title", "team_id": "team"}


def update(batch: Batch) -> None:
    rows = batch.with_action(Action.UPDATE)
    if not rows:
        return
    current = UserMapping.objects.filter(
        connection=batch.plan.connection_id,
        salesforce_user_id__in=[row.salesforce_user_id for row in rows],
        is_current=True,
    )
    mapped_to = dict(current.values_list("salesforce_user_id", "account_id"))
    now = {row.pk: {"mapped_account": mapped_to.get(row.salesforce_user_id)} for row in rows}
    rows = batch.expect(rows, now, _WORDS)
    changed = [account for row in rows if (account := _update_one(batch, row)) is not None]
    if changed:
        User.objects.bulk_update(changed, ["name", "time_zone", "title", "team"])


def _update_one(batch: Batch, row: PlannedChange) -> User | None:
    account = batch.accounts.get(row.account_id or 0)
    if account is None:
        batch.settle(row, Outcome.CHANGED, f"The account {row.account_name} is gone.")
        return None
    if account.protected:
        batch.settle(row, Outcome.LEFT, f"{account} is protected from every sync.")
        return None
    written: dict[str, list[Any]] = {}
    kept: list[str] = []
    for name, (was, new) in row.values["account"].items():
        gone = name == "team_id" and new is not None and not batch.has_team(new)
        if getattr(account, name) != was or gone:
            kept.append(LABELS[name])
            continue
        written[name] = [was, new]
        setattr(account, name, new)
    note = f"Changed since the preview, so left as it is: {', '.join(kept)}." if kept else ""
    if not written:
        batch.settle(row, Outcome.CHANGED, note)
        return None
    batch.settle(row, Outcome.DONE, f"Updated. {note}".strip(), before={"account": written})
    batch.log(
        "account.updated",
        account,
        before={LABELS[name]: was for name, (was, _) in written.items()},
        after={LABELS[name]: new for name, (_, new) in written.items()}
        | {"salesforce_user": row.salesforce_user_id},
    )
    return account
