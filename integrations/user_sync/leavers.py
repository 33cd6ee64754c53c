"""Leavers lose their access, and returners get it back, as the connection's policy says.

Only ``IsActive = false`` ever deactivates; frozen people are suggested, and who is out of scope or
no longer visible is only listed (`work`). Protected people and the last admin are never touched.

- ``plan_by_policy(connection) -> SyncPlan | None``; ``plan_everywhere()`` each minute;
- ``to_deactivate(connection)``, ``to_reactivate(connection)``: mappings, for lists and counts;
- ``plan_leavers(connection, mappings, by=...) -> SyncPlan``: a draft, from a suggestion;
- ``plan_returners(connection, mappings, by=...) -> SyncPlan``;
- ``plan_rejection(connection, accounts, by=..., reason=...) -> SyncPlan``;
- ``plan_keeping(connection, mappings, by=...) -> SyncPlan``: their accounts stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from accounts import audit, bulk_writer
from accounts.models import User
from integrations.leases import LeaseTaken, held_lease
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    TeamSource,
    UserMapping,
)

from . import approving
from .errors import PlanError
from .plan_rows import ROW_FIELDS, Row, save_ready
from .suspending import leaver_basis

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
State = SyncPlan.State
Policy = Connection.Deprovisioning

#: More than both of these in a day wait for a person.
HELD_PEOPLE = 5
HELD_SHARE = 0.05
TRIED_AGAIN_AFTER = timedelta(days=1)


def plan_everywhere() -> None:
    for connection in Connection.objects.filter(deprovisioning=Policy.DEACTIVATE):
        plan_by_policy(connection)


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
        Exists(_person(is_active=False, left_at__lte=timezone.now() - grace))
    )
    # What could not be done, for want of a seat or another admin, is tried again a day later.
    tried = PlannedChange.objects.filter(
        plan__in=plans.filter(approach=Approach.AUTOMATIC),
        outcome__in=(Outcome.LEFT, Outcome.NO_SEAT, Outcome.FAILED),
        applied_at__gte=timezone.now() - TRIED_AGAIN_AFTER,
        account=OuterRef("account"),
    )
    leaving = list(gone.filter(~Exists(tried)))
    returning = list(to_reactivate(connection).filter(~Exists(tried)))
    if not leaving and not returning:
        return None
    plan = _new_plan(connection, by=None, approach=Approach.AUTOMATIC)
    rows = [*_rows(leaving, _suspend_row), *_rows(returning, _reactivate_row)]
    _save(plan, rows)
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


def to_deactivate(connection: Connection) -> QuerySet[UserMapping]:
    """Current mappings of leavers, and of frozen people, whose accounts still have access.

    Whoever an admin decided to keep, and protected accounts, are left out.
    """
    leavers = _person(account_kept_at__isnull=True).filter(Q(is_active=False) | Q(is_frozen=True))
    return _current(connection).filter(
        Exists(leavers),
        account__state__in=User.STATES_HOLDING_ADDRESS,
        account__protected=False,
    )


def to_reactivate(connection: Connection) -> QuerySet[UserMapping]:
    """Current mappings of people who are back, whose account a plan of ours had deactivated.

    Nobody has touched the account's access since: its version is the one that the plan wrote.
    """
    ours = PlannedChange.objects.filter(
        plan__connection=connection,
        plan__kind=SyncPlan.Kind.LEAVERS,
        action=Action.SUSPEND,
        outcome=Outcome.DONE,
        account=OuterRef("account"),
    ).annotate(version=Cast(KT("before__access_version"), IntegerField()))
    back = _person(is_active=True, is_frozen=False, missing_since__isnull=True, ignored_at=None)
    return _current(connection).filter(
        Exists(back),
        Exists(ours.filter(version=OuterRef("account__access_version"))),
        account__state=User.State.DEACTIVATED,
        account__protected=False,
    )


def plan_leavers(connection: Connection, mappings: Iterable[UserMapping], *, by: User) -> SyncPlan:
    """A draft that ends the access of these people; their mappings and their past stay."""
    return _draft(connection, list(_rows(mappings, _suspend_row)), by)


def plan_returners(
    connection: Connection, mappings: Iterable[UserMapping], *, by: User
) -> SyncPlan:
    """A draft that gives them access again, with the team and role they had."""
    return _draft(connection, list(_rows(mappings, _reactivate_row)), by)


def plan_keeping(connection: Connection, mappings: Iterable[UserMapping], *, by: User) -> SyncPlan:
    """A draft after which these accounts stay although their people left."""
    return _draft(connection, list(_rows(mappings, _keep_row)), by)


def plan_rejection(
    connection: Connection, accounts: Collection[User], *, by: User, reason: str = ""
) -> SyncPlan:
    """A draft that deactivates pending accounts and ignores their people."""
    mappings = _current(connection).filter(
        account__in=accounts, account__state=User.State.PENDING, account__protected=False
    )
    rows = [
        (
            person,
            {**row, "reason": "Not wanted: the person is ignored", "values": _ignoring(reason)},
        )
        for person, row in _rows(mappings, _suspend_row)
    ]
    return _draft(connection, rows, by)


def _ignoring(reason: str) -> dict[str, str]:
    return {"ignore": reason.strip()[:255] or "Rejected while pending"}


def _rows(
    mappings: Iterable[UserMapping], decide: Callable[[DirectoryUser, User], Row]
) -> Iterator[tuple[DirectoryUser, Row]]:
    mappings = list(mappings)
    people = {
        (person.connection_id, person.salesforce_id): person
        for person in DirectoryUser.objects.filter(
            connection__in={one.connection_id for one in mappings},
            salesforce_id__in=[one.salesforce_user_id for one in mappings],
        ).defer("search")
    }
    for mapping in mappings:
        person = people.get((mapping.connection_id, mapping.salesforce_user_id))
        if person is not None:
            account = mapping.account
            about = {"account": account.pk, "account_name": str(account)}
            basis = {"basis": leaver_basis(person, account, account.pk)}
            yield person, decide(person, account) | about | basis


def _suspend_row(person: DirectoryUser, account: User) -> Row:
    why = "Left Salesforce" if not person.is_active else "Frozen in Salesforce"
    since = f" (seen {person.left_at:%-d %B})" if person.left_at else ""
    return {"action": Action.SUSPEND, "reason": f"{why}{since}"}


def _reactivate_row(person: DirectoryUser, account: User) -> Row:
    return {
        "action": Action.REACTIVATE,
        "reason": "Back in Salesforce: gets access again, with the team and role of before",
        "values": {"state": User.State.ACTIVE.value},
    }


def _keep_row(person: DirectoryUser, account: User) -> Row:
    return {"action": Action.KEEP, "reason": "The account stays although the person left"}


def _draft(connection: Connection, rows: list[tuple[DirectoryUser, Row]], by: User) -> SyncPlan:
    with transaction.atomic():
        plan = _new_plan(connection, by=by, approach=Approach.ON_DEMAND)
        _save(plan, rows)
    return plan


def _new_plan(connection: Connection, *, by: User | None, approach: Approach) -> SyncPlan:
    return SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncPlan.Kind.LEAVERS,
        approach=approach,
        team_source=TeamSource.NONE,
        created_by=by,
    )


def _save(plan: SyncPlan, rows: list[tuple[DirectoryUser, Row]]) -> None:
    if not rows:
        raise PlanError("Nobody was chosen for whom this can be done.")
    if any(person.connection_id != plan.connection_id for person, _ in rows):
        raise PlanError("These people belong to another connection.")
    bulk_writer.insert(
        PlannedChange,
        ROW_FIELDS,
        (save_ready(plan, n, person, row) for n, (person, row) in enumerate(rows, 1)),
    )


def _hold(plan: SyncPlan, leaving: int) -> None:
    plan.state = State.HELD
    plan.held_reason = (
        f"{leaving} accounts would be deactivated at once. Did so many people leave? Deactivate"
        " them, or keep those who stay."
    )
    plan.save(update_fields=["state", "held_reason"])
    audit.record("plan.held", plan, by=None, after={"rows": plan.changes.count()})


def _current(connection: Connection) -> QuerySet[UserMapping]:
    mappings: QuerySet[UserMapping] = UserMapping.objects.filter(
        connection=connection, is_current=True
    )
    return mappings.select_related("account").defer("account__search").order_by("pk")


def _person(**conditions: object) -> QuerySet[DirectoryUser]:
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        connection=OuterRef("connection"),
        salesforce_id=OuterRef("salesforce_user_id"),
        **conditions,
    )
    return people
