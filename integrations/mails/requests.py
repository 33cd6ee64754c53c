"""Requests for accounts for all active users: to those who decide, and back to who asked."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import AccessRequest, PlannedChange
from integrations.user_sync import deciding, requesting
from integrations.user_sync.progress import progress

from .plans import path_of
from .recipients import one_an_address, somebody
from .sending import Letter
from .telling import NEWS, tell

Decision = AccessRequest.Decision


def tell_of_requests() -> int:
    since = timezone.now() - NEWS
    waiting = requesting.to_tell_approvers().filter(planned_at__gt=since)
    decided = _with_people(requesting.to_tell_decision().filter(decided_at__gt=since))
    done = _with_people(requesting.to_tell_done().filter(plan__finished_at__gt=since))
    return (
        tell(waiting, "approvers_told_at", _to_approvers)
        + tell(decided, "decision_told_at", _decided)
        + tell(done, "done_told_at", _done)
    )


def _with_people(requests: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    return requests.select_related("company", "connection", "plan", "requested_by", "decided_by")


def _to_approvers(request: AccessRequest) -> list[Letter]:
    rows = request.plan.changes.exclude(action__in=PlannedChange.IDLE_ACTIONS)
    context = {"request": request, "people": rows.count()}
    path = path_of(request.plan)
    return [
        Letter("request_waiting", one, path, context)
        for one in one_an_address(deciding.deciders(request))
        if one.pk != request.requested_by_id
    ]


def _decided(request: AccessRequest) -> list[Letter]:
    context = {"request": request, "is_approved": request.decision == Decision.APPROVED}
    return _to_requester(request, "request_decided", context)


def _done(request: AccessRequest) -> list[Letter]:
    rows = progress(request.plan)
    done = rows.by_outcome.get(PlannedChange.Outcome.DONE, 0)
    context = {"request": request, "done": done, "total": rows.total}
    return _to_requester(request, "request_done", context)


def _to_requester(
    request: AccessRequest, template: str, context: dict[str, object]
) -> list[Letter]:
    path = path_of(request.plan)
    return [Letter(template, one, path, context) for one in somebody(request.requested_by)]
