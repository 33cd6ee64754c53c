"""The rows of plans that change mappings by hand."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from integrations.models import Connection, DirectoryUser, PlannedChange, UserMapping

from .candidates import folded
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
    return map_to(person, account, "as you decided")


def map_to(person: DirectoryUser, account: User, because: str) -> Row:
    if person.ignored_at is not None:
        return _nothing("Is ignored: stop ignoring them first")
    differ = _emails_differ(person, account)
    remark = f". Another e-mail in Salesforce: {person.email or 'none'}" if differ else ""
    return {
        "action": Action.MAP,
        "reason": f"Maps to {account}, {because}{remark}",
        "account": account.pk,
        "account_name": str(account),
        "values": {"emails_differ": True} if differ else {},
        "basis": {
            "mapped_account": None,
            "is_ignored": False,
            "account": account_basis(account),
        },
    }


def account_basis(account: User, mapped_to: str = "") -> dict[str, Any]:
    """What of the chosen account such a row rests on; its name is only for words about it.

    ``mapped_to`` is the id of the Salesforce user whose account it is already.
    """
    return {
        "id": str(account.pk),
        "name": str(account),
        "email": folded(account.email),
        "role": account.role,
        "state": account.state,
        "protected": account.protected,
        "mapped_to": mapped_to,
    }


def _emails_differ(person: DirectoryUser, account: User) -> bool:
    """Whether nothing but the admin says that they are one person."""
    if account.federation_id and account.federation_id == person.federation_id:
        return False
    return folded(account.email) not in (folded(person.email), folded(person.username))


def _nothing(reason: str) -> Row:
    return {"action": Action.NOTHING, "reason": reason}
