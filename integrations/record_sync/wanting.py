"""Telling user sync whose work waits for an account: what “Automatic” goes by."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.models import Connection, Evaluation
from integrations.user_sync.wanted import Cause, mark_wanted

from .cases import Case


def tell_who_is_wanted(connection: Connection, cases: Iterable[Case]) -> None:
    """Those whose records are newly held because they have no account yet."""
    if not connection.automatic_is_on:
        return
    by_cause: dict[Cause, set[str]] = {}
    told: set[str] = set()
    for case in cases:
        takes_part = case.rules.workflow.creates_accounts
        if not takes_part or case.owner in told or not _is_newly_held(case):
            continue
        told.add(case.owner)
        cause = Cause(case.record.record_id, case.rules.workflow)
        by_cause.setdefault(cause, set()).add(case.owner)
    for cause, owners in by_cause.items():
        mark_wanted(connection, owners, cause)


def _is_newly_held(case: Case) -> bool:
    hold = Evaluation.Hold.NOT_MAPPED
    return case.said is not None and case.said.hold == hold and case.former.hold != hold
