"""Accounts that nobody asked for by name: once a minute one plan of the people who are wanted.

The policy approves it as far as the limit of the day goes; above it the rest is held, one plan at a
time, and what comes later waits behind it.

- ``plan_wanted(connection) -> list[SyncPlan]``; ``plan_everywhere()`` each minute;
- ``made_today(connection) -> int``; ``waiting(connection)``: people above the limit;
- ``change_settings(connection, before=..., by=...)`` after a form changed them;
- ``reject(connection, accounts, by=..., reason=...)``: pending accounts nobody wants.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import audit
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

from . import approving, held
from .leavers import plan_rejection
from .matching import Matcher
from .planning import plan_import
from .wanted import who_waits

logger = logging.getLogger(__name__)

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
State = SyncPlan.State

#: The most that a form or a file may set as the day's limit.
HIGHEST_LIMIT = 10_000
#: The others have their turn a minute later, or when a person has decided about these.
PEOPLE_AT_ONCE = 5_000
SETTINGS = (
    "automatic_is_on",
    "automatic_accounts",
    "automatic_team_source",
    "automatic_team_id",
    "automatic_daily_limit",
)


def plan_everywhere() -> None:
    _end_fulfilled()
    wanted = DirectoryUser.objects.filter(wanted_since__isnull=False).values("connection")
    awaited = Connection.objects.filter(
        automatic_is_on=True, state__in=Connection.STATES_WITH_ACCESS, pk__in=wanted
    )
    for connection in awaited:
        plan_wanted(connection)


def plan_wanted(connection: Connection) -> list[SyncPlan]:
    """Plan for whoever is wanted now: an approved plan, a held one, both, or none."""
    try:
        with held_lease(f"automatic:{connection.pk}"), transaction.atomic():
            return _plan(connection)
    except LeaseTaken:
        return []


def _plan(connection: Connection) -> list[SyncPlan]:
    connection = Connection.objects.select_related("company", "automatic_team").get(
        pk=connection.pk
    )
    if not connection.automatic_is_on or not connection.has_access:
        return []
    if _plans(connection, *SyncPlan.STATES_UNDER_WAY).exists():
        return []
    people = list(waiting(connection).order_by("wanted_since", "pk")[:PEOPLE_AT_ONCE])
    if not people:
        return []
    now, later = _within_limit(connection, people)
    plans = []
    if now:
        plans.append(_approved(_plan_of(connection, now)))
    if later and not _plans(connection, State.HELD).exists():
        plans.append(_held(_plan_of(connection, later), connection))
    return plans


def _end_fulfilled() -> None:
    """Nobody is asked about people who have accounts meanwhile, or are ignored."""
    about = {"connection": OuterRef("plan__connection")}
    mapped = UserMapping.objects.filter(**about, salesforce_user_id=OuterRef("salesforce_user_id"))
    ignored = DirectoryUser.objects.filter(
        **about, salesforce_id=OuterRef("salesforce_user_id"), ignored_at__isnull=False
    )
    left = PlannedChange.objects.filter(~Exists(mapped), ~Exists(ignored), plan=OuterRef("pk"))
    plans = SyncPlan.objects.filter(
        ~Exists(left), kind=SyncPlan.Kind.IMPORT, approach=Approach.AUTOMATIC
    )
    held.end(plans, "everybody here has an account, or is ignored.")


def waiting(connection: Connection) -> QuerySet[DirectoryUser]:
    """Who is wanted and in no plan that a person, or the worker, still has in hand."""
    rows = PlannedChange.objects.filter(
        plan__connection=connection,
        plan__approach=Approach.AUTOMATIC,
        salesforce_user_id=OuterRef("salesforce_id"),
    )
    in_hand = rows.filter(
        plan__state__in=(
            State.HELD,
            State.STOPPED,
            State.NEEDS_A_PERSON,
            *SyncPlan.STATES_UNDER_WAY,
        )
    )
    # Asked again only when the person changed in Salesforce, or is wanted anew.
    asked = rows.filter(
        Q(action__in=PlannedChange.IDLE_ACTIONS)
        | Q(outcome__in=(Outcome.NO_SEAT, Outcome.FAILED, Outcome.LEFT)),
        plan__created_at__gte=Greatest(OuterRef("wanted_since"), OuterRef("refreshed_at")),
    )
    return who_waits(connection).filter(~Exists(in_hand), ~Exists(asked)).defer("search")


def made_today(connection: Connection) -> int:
    """Accounts that the policy made since midnight, in the company's time zone."""
    zone = ZoneInfo(connection.company.time_zone)
    midnight = timezone.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return _made_since(connection, midnight)


def _made_since(connection: Connection, moment: datetime) -> int:
    return PlannedChange.objects.filter(
        plan__connection=connection,
        plan__approach=Approach.AUTOMATIC,
        plan__approved_by__isnull=True,
        plan__approved_at__isnull=False,
        action=Action.CREATE,
        outcome=Outcome.DONE,
        applied_at__gte=moment,
    ).count()


def _within_limit(
    connection: Connection, people: Sequence[DirectoryUser]
) -> tuple[list[DirectoryUser], list[DirectoryUser]]:
    """Whom the policy may give accounts today, and those who wait for a person."""
    left = max(0, connection.automatic_daily_limit - made_today(connection))
    matches = Matcher(connection, approach=Approach.AUTOMATIC).match(people)
    new = [person for person in people if matches[person.pk].verdict == Action.CREATE]
    later = {person.pk for person in new[left:]}
    now = [person for person in people if person.pk not in later]
    return now, [person for person in people if person.pk in later]


def _plan_of(connection: Connection, people: Sequence[DirectoryUser]) -> SyncPlan:
    chosen = connection.automatic_team_source == TeamSource.CHOSEN
    has_team = chosen and connection.automatic_team is not None
    return plan_import(
        connection,
        people,
        by=None,
        approach=Approach.AUTOMATIC,
        team_source=connection.automatic_team_source if has_team or not chosen else TeamSource.NONE,
        team=connection.automatic_team if has_team else None,
    )


def _approved(plan: SyncPlan) -> SyncPlan:
    approving.approve(plan, by=None)
    return plan


def _held(plan: SyncPlan, connection: Connection) -> SyncPlan:
    plan.state = State.HELD
    limit = connection.automatic_daily_limit
    most = "one account a day is" if limit == 1 else f"{limit} accounts a day are"
    plan.held_reason = (
        f"At most {most} made automatically. These people are wanted, too: import them, or ignore"
        " them."
    )
    plan.save(update_fields=["state", "held_reason"])
    audit.record("plan.held", plan, by=None, after={"rows": plan.changes.count()})
    return plan


def _plans(connection: Connection, *states: str) -> QuerySet[SyncPlan]:
    plans: QuerySet[SyncPlan] = SyncPlan.objects.filter(
        connection=connection,
        kind=SyncPlan.Kind.IMPORT,
        approach=Approach.AUTOMATIC,
        state__in=states,
    )
    return plans


def settings_of(connection: Connection) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in SETTINGS}


@transaction.atomic
def change_settings(connection: Connection, *, before: Mapping[str, Any], by: User) -> None:
    """Save the settings of the form; ``before`` is `settings_of` what was. Those whose records
    wait already are marked by the next poll.
    """
    after = settings_of(connection)
    changed = [name for name in SETTINGS if before[name] != after[name]]
    if not changed:
        return
    connection.save(update_fields=[name.removesuffix("_id") for name in changed])
    audit.record(
        "connection.automatic_changed",
        connection,
        by=by,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def reject(
    connection: Connection, accounts: Collection[User], *, by: User, reason: str = ""
) -> SyncPlan:
    """A draft that deactivates these pending accounts and ignores their people."""
    return plan_rejection(connection, accounts, by=by, reason=reason)
