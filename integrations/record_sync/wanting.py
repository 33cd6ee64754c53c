"""Telling user sync whose work waits for an account: what “Automatic” goes by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from integrations.models import Connection, Evaluation, Workflow
from integrations.user_sync.wanted import Cause, mark_wanted

if TYPE_CHECKING:
    from .evaluating import Case

Hold = Evaluation.Hold


def tell_who_is_wanted(connection: Connection, cases: Iterable[Case]) -> None:
    """Those whose records are newly held because they have no account yet."""
    if not connection.automatic_is_on:
        return
    causes: dict[tuple[int, str], Cause] = {}
    for case in cases:
        is_held = case.said is not None and case.said.hold == Hold.NOT_MAPPED
        if is_held and case.former.hold != Hold.NOT_MAPPED:
            workflow = case.rules.workflow
            causes.setdefault((workflow.pk, case.owner), Cause(workflow, case.record.record_id))
    _mark(connection, causes)


def tell_who_was_wanted_before(connection: Connection) -> None:
    """Those whose records were held before Automatic was on, or before their workflow took part."""
    if not connection.automatic_is_on:
        return
    causes: dict[tuple[int, str], Cause] = {}
    for workflow in Workflow.objects.filter(
        connection=connection, state=Workflow.State.ON, creates_accounts=True
    ):
        held = Evaluation.objects.filter(workflow=workflow, hold=Hold.NOT_MAPPED)
        first = held.order_by("salesforce_user_id", "pk").distinct("salesforce_user_id")
        for owner, record_id in first.values_list("salesforce_user_id", "record__record_id"):
            causes[workflow.pk, owner] = Cause(workflow, record_id)
    _mark(connection, causes)


def _mark(connection: Connection, causes: dict[tuple[int, str], Cause]) -> None:
    for (_, owner), cause in causes.items():
        mark_wanted(connection, [owner], cause)
