"""Accounts for all active users: requested with a plan. Who decides stands in `deciding`.

- ``preview(connection, by=..., ...) -> SyncPlan`` a draft of approach *all active*, to be shown;
- ``request(connection, by=..., note="", plan=None, ...) -> AccessRequest``;
- ``withdraw(request, by=...)``;
- ``plan_again(request, by=...)``, ``replan_old_requests()`` each minute; ``difference(request)``;
- for mails: ``to_tell_approvers()``, ``to_tell_decision()``, ``to_tell_done()``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Team, User
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

#: A plan older than this is made again before anybody decides.
PLANNED_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Difference:
    """What planning again changed: people by name, and how many rows of each action."""

    came: list[str]
    went: list[str]
    decided_otherwise: list[str]


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
            _requested(plan, connection)
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


def _requested(plan: SyncPlan, connection: Connection) -> None:
    if plan.connection_id != connection.pk or plan.approach != Approach.ALL_ACTIVE:
        raise PlanError("There is no such plan to request.")
    changed = SyncPlan.objects.filter(pk=plan.pk, state=State.DRAFT).update(state=State.REQUESTED)
    if not changed:
        raise PlanError("This plan was requested or discarded already.")
    plan.state = State.REQUESTED


@transaction.atomic
def withdraw(request: AccessRequest, *, by: User) -> None:
    """Take the request back before anybody decided."""
    locked = AccessRequest.objects.select_for_update().get(pk=request.pk)
    if by.company_id != locked.company_id and not by.is_superuser:
        raise PlanError("Only the company that asked takes its request back.")
    check_open(locked)
    AccessRequest.objects.filter(pk=locked.pk).update(withdrawn_by=by, withdrawn_at=timezone.now())
    SyncPlan.objects.filter(pk=locked.plan_id).update(state=State.DISCARDED)
    audit.record("request.withdrawn", locked, by=by)


@transaction.atomic
def plan_again(request: AccessRequest, *, by: User | None) -> AccessRequest:
    """A new plan for the same wish, on what is true now. Raises `PlanError` when nobody is left."""
    locked = AccessRequest.objects.select_for_update().get(pk=request.pk)
    check_open(locked)
    former = locked.plan
    plan = preview(
        locked.connection,
        by=locked.requested_by,
        team_source=former.team_source,
        team=former.team,
        send_invitations=former.send_invitations,
    )
    _requested(plan, locked.connection)
    SyncPlan.objects.filter(pk=former.pk).update(state=State.DISCARDED)
    locked.plan, locked.former_plan, locked.planned_at = plan, former, timezone.now()
    locked.approvers_told_at = None
    locked.save(update_fields=["plan", "former_plan", "planned_at", "approvers_told_at"])
    audit.record("request.planned_again", locked, by=by, after={"plan": plan.pk})
    return locked


def plan_again_later(request_id: int, by_id: int) -> None:
    """The same by the worker, for a request about very many people."""
    by = User.objects.filter(pk=by_id).first()
    for request in open_requests().filter(pk=request_id):
        _plan_again_or_fulfilled(request, by)


def replan_old_requests() -> None:
    old = open_requests().filter(planned_at__lt=timezone.now() - PLANNED_AGAIN_AFTER)
    for request in old:
        _plan_again_or_fulfilled(request, None)


def _plan_again_or_fulfilled(request: AccessRequest, by: User | None) -> None:
    try:
        plan_again(request, by=by)
    except PlanError:
        # Nobody is left who has no account: what was asked for is there.
        withdraw_fulfilled(request)


@transaction.atomic
def withdraw_fulfilled(request: AccessRequest) -> None:
    SyncPlan.objects.filter(pk=request.plan_id).update(state=State.DISCARDED)
    open_requests().filter(pk=request.pk).update(withdrawn_at=timezone.now())
    audit.record("request.fulfilled", request, by=None)


def check_open(request: AccessRequest) -> None:
    if request.withdrawn_at is not None:
        raise PlanError("This request was withdrawn.")
    if request.decision:
        when = f"{request.decided_at:%-d %B at %H:%M} UTC"
        raise PlanError(f"{request.get_decision_display()} by {request.decided_by} on {when}.")


def open_requests(connection: Connection | None = None) -> QuerySet[AccessRequest]:
    requests: QuerySet[AccessRequest] = AccessRequest.objects.filter(
        decision="", withdrawn_at__isnull=True
    ).select_related("company", "connection", "plan", "requested_by")
    return requests.filter(connection=connection) if connection else requests


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
