"""What the connection's policy does about leavers and returners, without a person.

Only ``IsActive = false`` ever deactivates. Too many at once wait for a person.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import audit
from accounts.models import User
from integrations.leases import LeaseTaken, held_lease
from integrations.models import Approach, Connection, PlannedChange, SyncPlan

from . import approving, held
from .declined import declined_return
from .leavers import (
    person_of,
    reactivate_row,
    rows_of,
    suspend_row,
    to_deactivate,
    to_reactivate,
)
from .plan_rows import draft

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
State = SyncPlan.State
Policy = Connection.Deprovisioning

#: The most days of grace that a form or a file may set.
MOST_GRACE = 365
#: More than both of these in a day wait for a person.
HELD_PEOPLE = 5
HELD_SHARE = 0.05
TRIED_AGAIN_AFTER = timedelta(days=1)


def plan_everywhere() -> None:
    _end_moot()
    strict = Connection.objects.filter(
        deprovisioning=Policy.DEACTIVATE, state__in=Connection.STATES_WITH_ACCESS
    )
    for connection in strict:
        plan_by_policy(connection)


def _end_moot() -> None:
    """Nobody is asked about people who came back, or about whom somebody decided meanwhile."""
    for plan in held.held().filter(kind=SyncPlan.Kind.LEAVERS).select_related("connection"):
        gone = to_deactivate(plan.connection).filter(Exists(person_of(is_active=False)))
        back = to_reactivate(plan.connection)
        left = plan.changes.filter(
            Q(action=Action.SUSPEND, account__in=gone.values("account"))
            | Q(action=Action.REACTIVATE, account__in=back.values("account"))
        )
        if not left.exists():
            moot = SyncPlan.objects.filter(pk=plan.pk)
            held.end(moot, "everybody here came back, or somebody decided about them meanwhile.")


def plan_by_policy(connection: Connection) -> SyncPlan | None:
    """Deactivate who left long enough ago, reactivate who is back. Too many at once are held."""
    try:
        with held_lease(f"leavers:{connection.pk}"), transaction.atomic():
            return _plan_by_policy(connection)
    except LeaseTaken:
        return None


def _plan_by_policy(connection: Connection) -> SyncPlan | None:
    in_hand = (State.HELD, State.STOPPED, State.NEEDS_A_PERSON, *SyncPlan.STATES_UNDER_WAY)
    plans = SyncPlan.objects.filter(connection=connection, kind=SyncPlan.Kind.LEAVERS)
    if plans.filter(approach=Approach.AUTOMATIC, state__in=in_hand).exists():
        return None
    grace = timedelta(days=connection.deprovisioning_grace_days)
    gone = to_deactivate(connection).filter(
        Exists(person_of(is_active=False, left_at__lte=timezone.now() - grace))
    )
    # What could not be done, for want of a seat or another admin, is tried again a day later.
    tried = PlannedChange.objects.filter(
        plan__in=plans.filter(approach=Approach.AUTOMATIC),
        outcome__in=(Outcome.LEFT, Outcome.NO_SEAT, Outcome.FAILED),
        applied_at__gte=timezone.now() - TRIED_AGAIN_AFTER,
        account=OuterRef("account"),
    )
    leaving = list(gone.filter(~Exists(tried)))
    returning = list(to_reactivate(connection).filter(~Exists(tried), ~Exists(declined_return())))
    if not leaving and not returning:
        return None
    rows = [*rows_of(leaving, suspend_row), *rows_of(returning, reactivate_row)]
    plan = draft(connection, SyncPlan.Kind.LEAVERS, Approach.AUTOMATIC, rows, by=None)
    if too_many(connection, len(leaving)):
        _hold(plan, len(leaving))
    else:
        approving.approve(plan, by=None)
    return plan


def too_many(connection: Connection, leaving: int) -> bool:
    """Whether so many deactivations, with today's, are held."""
    active = User.objects.filter(company=connection.company_id, state=User.State.ACTIVE).count()
    today = PlannedChange.objects.filter(
        plan__connection=connection,
        plan__kind=SyncPlan.Kind.LEAVERS,
        plan__approved_by__isnull=True,
        action=Action.SUSPEND,
        outcome=Outcome.DONE,
        applied_at__gte=timezone.now() - timedelta(days=1),
    ).count()
    together = leaving + today
    return together > HELD_PEOPLE and together > HELD_SHARE * (active + today)


def _hold(plan: SyncPlan, leaving: int) -> None:
    plan.state = State.HELD
    plan.held_reason = (
        f"{leaving} accounts would be deactivated at once. Did so many people leave? Deactivate"
        " them, or keep those who stay."
    )
    plan.save(update_fields=["state", "held_reason"])
    audit.record("plan.held", plan, by=None, after={"rows": plan.changes.count()})
