"""Plans that wait for a person: some rows are approved, others refused, then the plan goes on.

- ``held(connection) -> QuerySet[SyncPlan]``;
- ``decide(plan, by=..., refuse=ids) -> SyncPlan``: refuse these rows, approve the rest;
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
        raise PlanError("This plan does not wait for a decision.")
    rows = list(locked.changes.filter(pk__in=refuse).select_for_update())
    if len(rows) != len(set(refuse)):
        raise PlanError("Some of these rows are not in this plan: load the page again.")
    for row in rows:
        _refuse(row, by, reason)
    audit.record("plan.decided", locked, by=by, after={"refused": len(rows)})
    approving.approve(locked, by=by)
    return locked


def _refuse(row: PlannedChange, by: User, reason: str) -> None:
    row.decided_by, row.included = by, True  # the refusal is carried out, also for unticked rows
    if row.action in (Action.CREATE, Action.MAP, Action.CONFLICT):
        row.action, row.account, row.account_name = Action.IGNORE, None, ""
        row.reason = "Refused: gets no account until somebody stops ignoring them"
        row.values = {"reason": reason.strip()[:255] or "Refused"}
    elif row.action == Action.SUSPEND:
        row.action = Action.KEEP
        row.reason = "Refused: the account stays although the person left"
    else:
        row.included = False
    row.save()


def not_told() -> QuerySet[SyncPlan]:
    """Held plans about which nobody has had a mail."""
    return held().filter(told_at__isnull=True).select_related("connection", "company")
