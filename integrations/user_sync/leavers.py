"""Leavers lose their access, and returners get it back: who they are, and plans for them.

Frozen people are suggested too; who is out of scope or no longer visible is only listed (`work`).
Protected people and the last admin are never touched. What a policy does is in `deprovisioning`.

- ``to_deactivate(connection)``, ``to_reactivate(connection)``: mappings, for lists and counts;
- ``plan_leavers(connection, mappings, by=...) -> SyncPlan``: a draft, from a suggestion;
- ``plan_returners(connection, mappings, by=...) -> SyncPlan``;
- ``plan_rejection(connection, accounts, by=..., reason=...) -> SyncPlan``;
- ``plan_keeping(connection, mappings, by=...) -> SyncPlan``: their accounts stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from django.db.models import CharField, Exists, IntegerField, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.models import AuditEntry, User
from accounts.time_zone import written_day
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    UserMapping,
)

from .errors import PlanError
from .plan_rows import DecidedRow, Row, draft
from .suspending import active_elsewhere, leaver_basis

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
State = SyncPlan.State
Policy = Connection.Deprovisioning


def to_deactivate(connection: Connection) -> QuerySet[UserMapping]:
    """Current mappings of leavers, and of frozen people, whose accounts still have access.

    Whoever an admin decided to keep, or gave access again since they left, whoever is active in
    another org of the company, and protected accounts are left out.
    """
    leavers = person_of(account_kept_at__isnull=True).filter(Q(is_active=False) | Q(is_frozen=True))
    return (
        _current(connection)
        .filter(
            Exists(leavers.exclude(Exists(_reactivated_since_leaving()))),
            account__state__in=User.STATES_HOLDING_ADDRESS,
            account__protected=False,
        )
        .exclude(account__in=active_elsewhere(connection).values("account"))
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
    back = person_of(is_active=True, is_frozen=False, missing_since__isnull=True, ignored_at=None)
    return _current(connection).filter(
        Exists(back),
        Exists(ours.filter(version=OuterRef("account__access_version"))),
        account__state=User.State.DEACTIVATED,
        account__protected=False,
    )


def plan_leavers(connection: Connection, mappings: Iterable[UserMapping], *, by: User) -> SyncPlan:
    """A draft that ends the access of these people; their mappings and their past stay."""
    return _draft(connection, list(rows_of(mappings, suspend_row)), by)


def plan_returners(
    connection: Connection, mappings: Iterable[UserMapping], *, by: User
) -> SyncPlan:
    """A draft that gives them access again, with the team and role they had."""
    return _draft(connection, list(rows_of(mappings, reactivate_row)), by)


def plan_keeping(connection: Connection, mappings: Iterable[UserMapping], *, by: User) -> SyncPlan:
    """A draft after which these accounts stay although their people left."""
    return _draft(connection, list(rows_of(mappings, _keep_row)), by)


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
            {
                **row,
                "reason": f"Deactivate {row['account_name']}'s account: not wanted; then ignored",
                "values": _ignoring(reason),
            },
        )
        for person, row in rows_of(mappings, suspend_row)
    ]
    return _draft(connection, rows, by)


def _reactivated_since_leaving() -> QuerySet[AuditEntry]:
    """That a person gave the account its access by hand, inside `person_of`."""
    account = OuterRef(OuterRef("account"))
    acts: QuerySet[AuditEntry] = AuditEntry.objects.filter(
        company=OuterRef("company"),
        subject_type=User._meta.label_lower,
        subject_id=Cast(account, CharField()),
        action="reactivated",
        at__gte=OuterRef("left_at"),
    )
    return acts


def _ignoring(reason: str) -> dict[str, str]:
    return {"ignore": reason.strip()[:255] or "Rejected while pending"}


def rows_of(
    mappings: Iterable[UserMapping], decide: Callable[[DirectoryUser, User], Row]
) -> Iterator[DecidedRow]:
    mappings = list(mappings)
    people = {
        (person.connection_id, person.salesforce_id): person
        for person in DirectoryUser.objects.filter(
            connection__in={one.connection_id for one in mappings},
            salesforce_id__in=[one.salesforce_user_id for one in mappings],
        )
        .select_related("connection__company")
        .defer("search")
    }
    for mapping in mappings:
        person = people.get((mapping.connection_id, mapping.salesforce_user_id))
        if person is not None:
            account = mapping.account
            about = {"account": account.pk, "account_name": str(account)}
            basis = {"basis": leaver_basis(person, account, account.pk)}
            yield person, decide(person, account) | about | basis


def suspend_row(person: DirectoryUser, account: User) -> Row:
    why = "left Salesforce" if not person.is_active else "frozen in Salesforce"
    zone = ZoneInfo(person.connection.company.time_zone)
    since = f" (seen {written_day(person.left_at, zone)})" if person.left_at else ""
    return {"action": Action.SUSPEND, "reason": f"Deactivate {account}'s account: {why}{since}"}


def reactivate_row(person: DirectoryUser, account: User) -> Row:
    return {
        "action": Action.REACTIVATE,
        "reason": f"Back in Salesforce: {account} gets access again, with team and role as before",
        "values": {"state": User.State.ACTIVE.value},
    }


def _keep_row(person: DirectoryUser, account: User) -> Row:
    reason = f"{account}'s account stays although the person left"
    return {"action": Action.KEEP, "reason": reason}


def _draft(connection: Connection, rows: Sequence[DecidedRow], by: User) -> SyncPlan:
    if not rows:
        raise PlanError("Nobody was chosen for whom this can be done.")
    if any(person.connection_id != connection.pk for person, _ in rows):
        raise PlanError("These people belong to another connection.")
    return draft(connection, SyncPlan.Kind.LEAVERS, Approach.ON_DEMAND, rows, by=by)


def _current(connection: Connection) -> QuerySet[UserMapping]:
    mappings: QuerySet[UserMapping] = UserMapping.objects.filter(
        connection=connection, is_current=True
    )
    return mappings.select_related("account").defer("account__search").order_by("pk")


def person_of(**conditions: object) -> QuerySet[DirectoryUser]:
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        connection=OuterRef("connection"),
        salesforce_id=OuterRef("salesforce_user_id"),
        **conditions,
    )
    return people
