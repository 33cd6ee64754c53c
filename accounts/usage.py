"""Whether somebody has begun to use an account, so that it is more than a row that was made."""

from __future__ import annotations

from collections.abc import Callable, Collection

from accounts.models import User

#: Given accounts' ids, what each of them left behind, in words; the others are not listed.
Traces = Callable[[Collection[int]], dict[int, str]]

_traces: list[Traces] = []


def register(traces: Traces) -> None:
    """Packages in which people leave something say so when they are loaded."""
    if traces not in _traces:
        _traces.append(traces)


def accounts_in_use(account_ids: Collection[int]) -> dict[int, str]:
    """How each used account was used, in words; accounts that nobody used are left out."""
    found: dict[int, str] = {}
    for traces in _traces:
        found |= traces(account_ids)
    logged_in = User.objects.filter(pk__in=account_ids, last_login__isnull=False)
    return found | dict.fromkeys(logged_in.values_list("pk", flat=True), "has logged in")
