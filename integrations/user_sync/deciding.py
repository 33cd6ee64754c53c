"""Who decides about a request, and their answer: never the requester, where that is not allowed."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Company, User
from integrations.models import AccessRequest, SyncPlan

from . import approving
from .errors import PlanError
from .replanning import PLANNED_AGAIN_AFTER
from .requesting import check_open, discard_requested

Decision = AccessRequest.Decision

_SETTING = (
    "Where a company may decide by itself, support staff say so once:"
    " manage.py company --company {0.slug} --self-approve on"
)


def why_not(request: AccessRequest, by: User) -> str:
    """Why this person may not decide; empty for who may."""
    may_oneself = request.company.may_approve_own_requests
    if by.pk == request.requested_by_id and not may_oneself:
        return f"You asked for this, so somebody else decides. {_SETTING.format(request.company)}"
    if by.is_superuser:
        return ""
    if by.company_id != request.company_id or not by.is_company_admin:
        return "Only company admins and support staff decide about requests."
    if may_oneself:
        return ""
    return f"Support staff decide about this request. {_SETTING.format(request.company)}"


def may_decide(request: AccessRequest, by: User) -> bool:
    return why_not(request, by) == ""


def deciders(request: AccessRequest) -> QuerySet[User]:
    """Who can decide now, and so has a mail."""
    may = Q(is_superuser=True)
    if request.company.may_approve_own_requests:
        may |= Q(company=request.company_id, role=User.Role.ADMIN)
    people: QuerySet[User] = User.objects.filter(may, state=User.State.ACTIVE)
    return people.order_by("name", "pk")


@transaction.atomic
def approve(request: AccessRequest, *, by: User) -> SyncPlan:
    """Hand the requested plan to the worker. Raises `PlanError`, also for a requester who may not.

    A plan older than a week is planned again first, and then to be looked at once more.
    """
    locked = _locked(request, by)
    if timezone.now() - locked.planned_at > PLANNED_AGAIN_AFTER:
        raise PlanError(
            "This change is older than a week: plan it again, and look at what differs."
        )
    _decide(locked, Decision.APPROVED, by, "")
    approving.approve_requested(locked.plan, by=by)
    return locked.plan


@transaction.atomic
def refuse(request: AccessRequest, *, by: User, reason: str) -> None:
    """Say no; the reason goes to who asked. Raises `PlanError`."""
    locked = _locked(request, by)
    if not reason.strip():
        raise PlanError("Say why: whoever asked will read it.")
    _decide(locked, Decision.REFUSED, by, reason.strip())
    discard_requested(locked.plan_id)


def _locked(request: AccessRequest, by: User) -> AccessRequest:
    """The request, locked with its company, if ``by`` may decide about it.

    Locked without joins: whoever waited for the lock reads the plan of the time after it.
    """
    Company.objects.select_for_update(no_key=True).get(pk=request.company_id)
    locked = AccessRequest.objects.select_for_update().get(pk=request.pk)
    if refusal := why_not(locked, by):
        raise PlanError(refusal)
    check_open(locked)
    if locked.plan_id != request.plan_id:
        raise PlanError("It was planned again meanwhile. Look at what differs first.")
    return locked


def _decide(request: AccessRequest, decision: Decision, by: User, reason: str) -> None:
    request.decision, request.decided_by, request.decided_at = decision, by, timezone.now()
    request.decision_reason = reason
    request.self_approval_allowed = request.company.may_approve_own_requests
    request.save()
    audit.record(f"request.{decision}", request, by=by, after={"reason": reason})
