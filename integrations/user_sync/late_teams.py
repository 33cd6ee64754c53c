"""People who were imported before the team that Salesforce names was made: they join it later.

- ``to_join(plan) -> int``: how many of a finished import's new accounts could now;
- ``plan_joining(plan, by=...) -> SyncPlan``: a draft that puts them into their teams;
- ``joining_rows(plan) -> list[DecidedRow]``: its rows.

What Salesforce says of them now decides, as at an import.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import User
from integrations.models import Approach, DirectoryUser, PlannedChange, SyncPlan, UserMapping

from .errors import NobodyLeft
from .plan_rows import DecidedRow, draft
from .teams import TeamChooser


def to_join(plan: SyncPlan) -> int:
    chooser = TeamChooser(plan.company, plan.team_source, plan.team)
    named = _people(plan).values_list("department", "role_name").annotate(people=Count("pk"))
    return sum(
        people
        for department, role_name, people in named.order_by()
        if chooser.choose(DirectoryUser(department=department, role_name=role_name)).team_id
    )


def plan_joining(plan: SyncPlan, *, by: User) -> SyncPlan:
    """Raises `NobodyLeft`."""
    rows = joining_rows(plan)
    if not rows:
        raise NobodyLeft("Nobody is left to put into a team: make the missing teams first.")
    kind = SyncPlan.Kind.ATTRIBUTES
    return draft(plan.connection, kind, Approach.ON_DEMAND, rows, by=by)


def joining_rows(plan: SyncPlan) -> list[DecidedRow]:
    return list(_rows(plan))


def _rows(plan: SyncPlan) -> Iterator[DecidedRow]:
    chooser = TeamChooser(plan.company, plan.team_source, plan.team)
    people = {person.salesforce_id: person for person in _people(plan).defer("search")}
    for change in _teamless(plan).order_by("position"):
        person = people.get(change.salesforce_user_id)
        team = chooser.choose(person) if person else None
        if person and team and team.team_id:
            yield (
                person,
                {
                    "action": PlannedChange.Action.UPDATE,
                    "reason": f"Joins {team.name}, which did not exist at the import",
                    "account": change.account_id,
                    "account_name": change.account_name,
                    "values": {"account": {"team_id": [None, team.team_id]}},
                    "basis": {"mapped_account": change.account_id},
                },
            )


def _people(plan: SyncPlan) -> QuerySet[DirectoryUser]:
    return DirectoryUser.objects.filter(
        connection=plan.connection_id,
        salesforce_id__in=_teamless(plan).values("salesforce_user_id"),
    )


def _teamless(plan: SyncPlan) -> QuerySet[PlannedChange]:
    """The accounts that the import made without a team, if they have none and are theirs still."""
    still_theirs = UserMapping.objects.filter(
        connection=plan.connection_id,
        account=OuterRef("account"),
        salesforce_user_id=OuterRef("salesforce_user_id"),
        is_current=True,
    )
    return plan.changes.filter(
        Exists(still_theirs),
        action=PlannedChange.Action.CREATE,
        outcome=PlannedChange.Outcome.DONE,
        values__has_key="unknown_team",
        account__team=None,
        account__protected=False,
        account__state__in=User.STATES_HOLDING_ADDRESS,
    )
