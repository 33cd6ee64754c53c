"""Plans that wait for a person: some rows are approved, others refused, then the plan goes on.

- ``held(connection) -> QuerySet[SyncPlan]``;
- ``decide(plan, by=..., refuse=ids) -> SyncPlan``: refuse these rows, approve the rest;
- ``end(plans, why)``: nothing is left to decide in these;
- ``not_told() -> QuerySet[SyncPlan]``: for the mails of the same day.

Whoever is refused an automatic account is ignored, and the account of a leaver who is refused to be
deactivated is kept: else the same question would come back a minute later. For other rows the
refusal itself is remembered; see `declined`.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import User
from integrations.models import Connection, PlannedChange, SyncPlan

from . import approving
from .errors import AlreadyApproved, PlanError

Action = PlannedChange.Action
State = SyncPlan.State
GETS_AN_ACCOUNT = (Action.CREATE, Action.MAP, Action.CONFLICT)


def held(connection: Connection | None = None) -> QuerySet[SyncPlan]:
    plans: QuerySet[SyncPlan] = SyncPlan.objects.filter(state=State.HELD)
    return plans.filter(connection=connection) if connection else plans


@transaction.atomic
def decide(plan: SyncPlan, *, by: User, refuse: Collection[int] = (), reason: str = "") -> SyncPlan:
    """Refuse these rows, by their ids, and hand the plan to the worker. Raises `PlanError`."""
    locked = SyncPlan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan.pk)
    if locked.state != State.HELD:
        if locked.approved_at is not None:
            raise AlreadyApproved(str(locked.approved_by or ""), locked.approved_at)
        raise PlanError("This change does not wait for a decision.")
    refused = locked.changes.filter(pk__in=refuse)
    number = refused.count()
    if number != len(set(refuse)):
        raise PlanError("Some of these rows are not in this change: load the page again.")
    _refuse(refused, by, reason)
    audit.record("plan.decided", locked, by=by, after={"refused": number})
    approving.approve(locked, by=by)
    return locked


def _refuse(rows: QuerySet[PlannedChange], by: User, reason: str) -> None:
    """In three statements, for there may be thousands of rows."""
    carried_out = {"decided_by": by, "included": True}  # the refusal is, also of unticked rows
    rows.exclude(action__in=(*GETS_AN_ACCOUNT, Action.SUSPEND)).update(
        decided_by=by, included=False
    )
    rows.filter(action=Action.SUSPEND).update(
        action=Action.KEEP,
        reason="Refused: the account stays although the person left",
        **carried_out,
    )
    rows.filter(action__in=GETS_AN_ACCOUNT).update(
        action=Action.IGNORE,
        account=None,
        account_name="",
        reason="Refused: gets no account until somebody stops ignoring them",
        values={"reason": reason.strip()[:255] or "Refused"},
        **carried_out,
    )


@transaction.atomic
def end(plans: QuerySet[SyncPlan], why: str) -> None:
    """Ask nobody any more about those of these plans that are held, and not being decided now."""
    rows = plans.filter(state=State.HELD)
    for plan in rows.select_for_update(no_key=True, of=("self",), skip_locked=True):
        plan.state = State.DISCARDED
        plan.problem = f"Nothing was left to do: {why}"
        plan.save(update_fields=["state", "problem"])
        audit.record("plan.discarded", plan, by=None)


def not_told() -> QuerySet[SyncPlan]:
    """Held plans about which nobody has had a mail."""
    return held().filter(told_at__isnull=True).select_related("connection", "company")
