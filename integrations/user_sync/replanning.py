"""A request for all active users is planned again, on what is true now.

- ``plan_again(request, by=...)`` for a page, ``plan_again_later(...)`` by the worker;
- ``replan_old_requests()`` each minute; ``difference(request)``: what it changed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User
from integrations.leases import LeaseTaken, held_lease
from integrations.models import AccessRequest, SyncPlan, TeamSource

from .errors import NobodyLeft, PlanError
from .requesting import (
    check_open,
    discard_requested,
    locked_open,
    mark_requested,
    open_requests,
    preview,
)

logger = logging.getLogger(__name__)
State = SyncPlan.State

#: A plan older than this is made again before anybody decides.
PLANNED_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Difference:
    """What planning again changed: people by name, and how many rows of each action."""

    came: list[str]
    went: list[str]
    decided_otherwise: list[str]


@transaction.atomic
def plan_again(request: AccessRequest, *, by: User | None) -> AccessRequest:
    """A new plan for the same wish, on what is true now.

    Raises `NobodyLeft` when everybody has an account, `PlanError` for other reasons. The request
    is locked only once the plan is there, so that a decision never waits for the planning.
    """
    read = AccessRequest.objects.select_related("connection__company", "plan__team").get(
        pk=request.pk
    )
    check_open(read)
    former = read.plan
    if former.team_source == TeamSource.CHOSEN and former.team is None:
        raise PlanError("The chosen team was deleted: withdraw the request, and ask anew.")
    plan = preview(
        read.connection,
        by=read.requested_by,
        team_source=former.team_source,
        team=former.team,
        send_invitations=former.send_invitations,
    )
    locked = locked_open(request.pk)
    if locked.plan_id != former.pk:
        raise PlanError("It was planned again meanwhile. Look at what differs first.")
    mark_requested(plan, read.connection)
    SyncPlan.objects.filter(pk=former.pk).update(state=State.DISCARDED)
    locked.plan, locked.former_plan, locked.planned_at = plan, former, timezone.now()
    locked.approvers_told_at = None
    locked.save(update_fields=["plan", "former_plan", "planned_at", "approvers_told_at"])
    audit.record("request.planned_again", locked, by=by, after={"plan": plan.pk})
    return locked


def plan_again_later(request_id: int, by_id: int) -> None:
    """The same by the worker, for a request about very many people."""
    _plan_again_or_fulfilled(open_requests(), request_id, User.objects.filter(pk=by_id).first())


def replan_old_requests() -> None:
    old = open_requests().filter(planned_at__lt=timezone.now() - PLANNED_AGAIN_AFTER)
    for request_id in old.values_list("pk", flat=True):
        _plan_again_or_fulfilled(old, request_id, None)


def _plan_again_or_fulfilled(
    due: QuerySet[AccessRequest], request_id: int, by: User | None
) -> None:
    """Unless it is no longer due, because another worker was first."""
    try:
        with held_lease(f"request:{request_id}"):
            for request in due.filter(pk=request_id):
                plan_again(request, by=by)
    except LeaseTaken:
        logger.info("request %s is being planned again already", request_id)
    except NobodyLeft:
        withdraw_fulfilled(request_id)
    except PlanError as error:
        logger.info("request %s was not planned again: %s", request_id, error)


@transaction.atomic
def withdraw_fulfilled(request_id: int) -> None:
    """Nobody is left who has no account: what was asked for is there."""
    try:
        locked = locked_open(request_id)
    except PlanError:
        return  # somebody was first
    AccessRequest.objects.filter(pk=request_id).update(withdrawn_at=timezone.now())
    discard_requested(locked.plan_id)
    audit.record("request.fulfilled", locked, by=None)


def difference(request: AccessRequest) -> Difference | None:
    """What planning again changed; ``None`` where it was planned once."""
    if request.former_plan is None:
        return None
    now, was = (
        {row[0]: row[1:] for row in plan.changes.values_list(*_COMPARED)}
        for plan in (request.plan, request.former_plan)
    )
    return Difference(
        came=[now[one][0] for one in now.keys() - was.keys()],
        went=[was[one][0] for one in was.keys() - now.keys()],
        decided_otherwise=[
            now[one][0] for one in now.keys() & was.keys() if now[one][1:] != was[one][1:]
        ],
    )


_COMPARED = ("salesforce_user_id", "person_name", "action", "account")
