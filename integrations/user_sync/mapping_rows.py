"""The rows of plans that change mappings by hand."""

from __future__ import annotations

from accounts.models import User
from integrations.models import Connection, DirectoryUser, PlannedChange, UserMapping

from .plan_rows import Row

Action = PlannedChange.Action


def map_row(connection: Connection, person: DirectoryUser, account: User) -> Row:
    """Map this person to this account, as an admin wants it; else *nothing*, and why not."""
    if account.company_id != connection.company_id:
        return _nothing("There is no such account")
    mappings = UserMapping.objects.filter(connection=connection).select_related("account")
    mapping = mappings.filter(salesforce_user_id=person.salesforce_id).first()
    if mapping is not None:
        if mapping.account_id == account.pk:
            return _nothing(f"Is mapped to {account} already")
        return _nothing(f"Is mapped to {mapping.account}: unlink them first")
    other = mappings.filter(account=account, is_current=True).first()
    if other is not None:
        return _nothing(
            f"{account} is mapped to another Salesforce user, {other.salesforce_user_id}:"
            " move or unlink that mapping first"
        )
    return mapped(person, account, f"Maps to {account}, as you decided")


def mapped(person: DirectoryUser, account: User, reason: str) -> Row:
    return {
        "action": Action.MAP,
        "reason": reason,
        "account": account.pk,
        "account_name": str(account),
        "basis": {"mapped_account": None, "is_ignored": person.ignored_at is not None},
    }


def _nothing(reason: str) -> Row:
    return {"action": Action.NOTHING, "reason": reason}
