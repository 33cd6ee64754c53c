"""Two accounts for one person: everything goes to one, the other is deactivated. A plan of one row.

- ``plan_combine(connection=..., keep=..., give_up=..., by=...) -> SyncPlan`` a draft, to be shown;
- ``preview(plan) -> Combination`` what it would move.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from activities.models import ActivityReport, Comment, Like
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    UserMapping,
)

from .combined import combine_basis
from .errors import PlanError
from .plan_rows import draft


@dataclass(frozen=True)
class Combination:
    """What the given-up account has, all of which the kept one gets."""

    keep: User
    give_up: User
    mappings: list[UserMapping]
    reports: int
    comments: int
    likes: int


@transaction.atomic
def plan_combine(connection: Connection, *, keep: User, give_up: User, by: User) -> SyncPlan:
    """A draft after which ``keep`` has all and ``give_up`` is deactivated. Raises `PlanError`."""
    _check(connection, keep, give_up, by)
    mapping = UserMapping.objects.filter(connection=connection, account__in=(give_up, keep)).first()
    person = DirectoryUser(
        connection=connection,
        salesforce_id=mapping.salesforce_user_id if mapping else "",
        name=give_up.name,
        email=give_up.email,
    )
    row = {
        "action": PlannedChange.Action.COMBINE,
        "reason": f"{give_up.email} becomes a part of {keep} ({keep.email}) and is deactivated",
        "account": keep.pk,
        "account_name": str(keep),
        "values": {"give_up": give_up.pk},
        "basis": combine_basis(keep, give_up),
    }
    kind = SyncPlan.Kind.COMBINE
    return draft(connection, kind, Approach.MANUAL, [(person, row)], by=by)


def preview(plan: SyncPlan) -> Combination:
    row = plan.changes.select_related("account").get()
    give_up = User.objects.get(company=plan.company_id, pk=row.values["give_up"])
    assert row.account is not None
    return Combination(
        keep=row.account,
        give_up=give_up,
        mappings=list(UserMapping.objects.filter(account=give_up).select_related("connection")),
        reports=ActivityReport.objects.filter(user=give_up).count(),
        comments=Comment.objects.filter(user=give_up, deleted_at__isnull=True).count(),
        likes=Like.objects.filter(user=give_up).count(),
    )


def _check(connection: Connection, keep: User, give_up: User, by: User) -> None:
    if {keep.company_id, give_up.company_id} != {connection.company_id}:
        raise PlanError("There is no such account.")
    if keep.pk == give_up.pk:
        raise PlanError("Choose two different accounts.")
    if give_up.pk == by.pk:
        raise PlanError("This would deactivate your own account: keep it, or ask another admin.")
    if give_up.protected:
        raise PlanError(f"{give_up} is protected: end that first.")
    if keep.state == User.State.DEACTIVATED:
        raise PlanError(f"{keep} is deactivated: keep the other one, or reactivate it first.")
