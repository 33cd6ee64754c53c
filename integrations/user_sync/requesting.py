"""Accounts for all active users: requested with a plan.

Who decides stands in `deciding`, planning once more in `replanning`.

- ``preview(connection, by=..., ...) -> SyncPlan`` a draft of approach *all active*, to be shown;
- ``request(connection, by=..., note="", plan=None, ...) -> AccessRequest``;
- ``withdraw(request, by=...)``;
- for mails: ``to_tell_approvers()``, ``to_tell_decision()``, ``to_tell_done()``.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Team, User
from accounts.time_zone import written_time
from integrations.models import (
    AccessRequest,
    Approach,
    Connection,
    DirectoryUser,
    SyncPlan,
    TeamSource,
)

from .errors import PlanError
from .planning import plan_import
from .scope import in_scope

State = SyncPlan.State
Decision = AccessRequest.Decision


def everybody(connection: Connection) -> QuerySet[DirectoryUser]:
    """Who is in scope and has no account."""
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        in_scope(connection, Approach.ALL_ACTIVE), connection=connection
    )
    mapped = connection.mappings.values("salesforce_user_id")
    return people.exclude(salesforce_id__in=mapped).order_by("name", "pk")


def preview(
    connection: Connection,
    *,
    by: User | None,
    team_source: str = TeamSource.FROM_SALESFORCE,
    team: Team | None = None,
    send_invitations: bool = False,
) -> SyncPlan:
    """A draft for `everybody`. It can be requested, not approved."""
    return plan_import(
        connection,
        everybody(connection),
        by=by,
        approach=Approach.ALL_ACTIVE,
        team_source=team_source,
        team=team,
        send_invitations=send_invitations,
    )


def request(
    connection: Connection, *, by: User, note: str = "", plan: SyncPlan | None = None
) -> AccessRequest:
    """Ask for what ``plan``, a draft of `preview`, shows; without one it is made now.

    Raises `PlanError` when there is a request already, or nobody without an account.
    """
    try:
        with transaction.atomic():
            plan = plan or preview(connection, by=by)
            mark_requested(plan, connection)
            made = AccessRequest.objects.create(
                company=connection.company,
                connection=connection,
                plan=plan,
                planned_at=plan.created_at,
                note=note.strip(),
                requested_by=by,
            )
            audit.record("request.made", made, by=by, after={"plan": plan.pk})
    except IntegrityError as error:
        raise PlanError("There is a request already, which waits for a decision.") from error
    return made


def mark_requested(plan: SyncPlan, connection: Connection) -> None:
    if plan.connection_id != connection.pk or plan.approach != Approach.ALL_ACTIVE:
        raise PlanError("There is no such preview to request.")
    changed = SyncPlan.objects.filter(pk=plan.pk, state=State.DRAFT).update(state=State.REQUESTED)
    if not changed:
        raise PlanError("This change was requested or discarded already.")
    plan.state = State.REQUESTED


@transaction.atomic
def withdraw(request: AccessRequest, *, by: User) -> None:
    """Take the request back before anybody decided."""
    if by.company_id != request.company_id and not by.is_superuser:
        raise PlanError("Only the company that asked takes its request back.")
    locked = locked_open(request.pk)
    AccessRequest.objects.filter(pk=locked.pk).update(withdrawn_by=by, withdrawn_at=timezone.now())
    discard_requested(locked.plan_id)
    audit.record("request.withdrawn", locked, by=by)


def locked_open(request_id: int) -> AccessRequest:
    """Locked without joins: whoever waited for the lock reads the plan of the time after it."""
    locked = AccessRequest.objects.select_for_update().get(pk=request_id)
    check_open(locked)
    return locked


def discard_requested(plan_id: int) -> None:
    SyncPlan.objects.filter(pk=plan_id, state=State.REQUESTED).update(state=State.DISCARDED)


def check_open(request: AccessRequest) -> None:
    if request.withdrawn_at is not None:
        raise PlanError("This request was withdrawn.")
    if request.decision:
        assert request.decided_at is not None
        when = written_time(request.decided_at)
        raise PlanError(f"{request.get_decision_display()} by {request.decided_by} on {when}.")


def open_requests(connection: Connection | None = None) -> QuerySet[AccessRequest]:
    requests: QuerySet[AccessRequest] = AccessRequest.objects.filter(
        decision="", withdrawn_at__isnull=True
    ).select_related("company", "connection", "plan", "requested_by")
    return requests.filter(connection=connection) if connection else requests


def to_tell_approvers() -> QuerySet[AccessRequest]:
    return open_requests().filter(approvers_told_at__isnull=True)


def to_tell_decision() -> QuerySet[AccessRequest]:
    decided: QuerySet[AccessRequest] = AccessRequest.objects.exclude(decision="").filter(
        decision_told_at__isnull=True, requested_by__isnull=False
    )
    return decided.exclude(decided_by=F("requested_by"))


def to_tell_done() -> QuerySet[AccessRequest]:
    done: QuerySet[AccessRequest] = AccessRequest.objects.filter(
        decision=Decision.APPROVED, plan__state=State.DONE, done_told_at__isnull=True
    )
    return done
