"""Telling user sync whose work waits for an account: what “Automatic” goes by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from integrations.models import Connection, Evaluation

if TYPE_CHECKING:
    from .evaluating import Case


def tell_who_is_wanted(connection: Connection, cases: Iterable[Case]) -> None:
    """Those whose records are newly held because they have no account yet."""
    ids = {
        case.owner
        for case in cases
        if case.said is not None
        and case.said.hold == Evaluation.Hold.NOT_MAPPED
        and case.former.hold != Evaluation.Hold.NOT_MAPPED
    }
    if ids:
        pass
