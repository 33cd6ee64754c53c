"""Changes that took long, could not go on, or wait for a decision."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from integrations.models import Approach, PlannedChange, SyncPlan
from integrations.user_sync import held
from integrations.user_sync.progress import progress

from .recipients import admins_and_support, somebody
from .sending import Letter
from .telling import NEWS, tell

State = SyncPlan.State
Outcome = PlannedChange.Outcome

#: Whoever waited this long has gone to do something else.
LONG = timedelta(minutes=2)


def tell_starters() -> int:
    """Whoever approved a change that ran long hears of its end; also where it needs a person."""
    took_long = Q(state=State.DONE, finished_at__gt=F("started_at") + LONG)
    needs_them = Q(state=State.NEEDS_A_PERSON)
    plans = SyncPlan.objects.filter(
        took_long | needs_them, approved_by__isnull=False, approved_at__gt=timezone.now() - NEWS
    ).select_related("approved_by", "connection", "company")
    return tell(plans, "told_at", _to_starter)


def tell_of_held_plans() -> int:
    """The day's limit of Automatic, or a mass change: at once."""
    recent = held.not_told().filter(created_at__gt=timezone.now() - NEWS)
    return tell(recent, "told_at", _held)


def path_of(plan: SyncPlan) -> str:
    return reverse("admin:integrations_syncplan_change", args=[plan.pk])


def _to_starter(plan: SyncPlan) -> list[Letter]:
    rows = progress(plan)
    done, left = (rows.by_outcome.get(one, 0) for one in (Outcome.DONE, Outcome.LEFT))
    context = {
        "plan": plan,
        "done": done,
        "total": rows.total,
        "open": rows.total - done - left,
        "needs_a_person": plan.state == State.NEEDS_A_PERSON,
    }
    return [Letter("long_plan", one, path_of(plan), context) for one in somebody(plan.approved_by)]


def _held(plan: SyncPlan) -> list[Letter]:
    by_automatic = plan.approach == Approach.AUTOMATIC and plan.kind == SyncPlan.Kind.IMPORT
    context = {"plan": plan, "people": plan.changes.count(), "connection": plan.connection}
    template = "automatic_limit" if by_automatic else "held_change"
    people = admins_and_support(plan.company)
    return [Letter(template, one, path_of(plan), context) for one in people]
