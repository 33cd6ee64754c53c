"""Whether somebody has begun to use an account, so that it is more than a row we made."""

from __future__ import annotations

from collections.abc import Collection

from accounts.models import User
from activities import usage as activities_usage


def accounts_in_use(account_ids: Collection[int]) -> dict[int, str]:
    """How each used account was used, in words; accounts that nobody used are left out."""
    logged_in = User.objects.filter(pk__in=account_ids, last_login__isnull=False)
    return activities_usage.accounts_in_use(account_ids) | dict.fromkeys(
        logged_in.values_list("pk", flat=True), "has logged in"
    )
