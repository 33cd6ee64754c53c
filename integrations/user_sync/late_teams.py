"""People who were imported before the team that Salesforce names was made: they join it later.

- ``to_join(plan) -> int``: how many of a finished import's new accounts could now;
- ``plan_joining(plan, by=...) -> SyncPlan``: a draft that puts them into their teams.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, QuerySet

from accounts.models import Team, User
from integrations.models import Approach, DirectoryUser, PlannedChange, SyncPlan

from .errors import NobodyLeft
from .plan_rows import DecidedRow, draft
from .teams import key_of


def to_join(plan: SyncPlan) -> int:
    teams = _teams(plan)
    names = _teamless(plan).values_list("values__unknown_team").annotate(people=Count("pk"))
    return sum(people for name, people in names.order_by() if key_of(name) in teams)


def plan_joining(plan: SyncPlan, *, by: User) -> SyncPlan:
    """Raises `NobodyLeft`."""
    rows = list(_rows(plan))
    if not rows:
        raise NobodyLeft("Nobody is left to put into a team: make the missing teams first.")
    kind = SyncPlan.Kind.ATTRIBUTES
    return draft(plan.connection, kind, Approach.ON_DEMAND, rows, by=by)


def _rows(plan: SyncPlan) -> Iterator[DecidedRow]:
    teams, changes = _teams(plan), _teamless(plan).order_by("position")
    people = DirectoryUser.objects.filter(
        connection=plan.connection_id, salesforce_id__in=changes.values("salesforce_user_id")
    )
    by_id = {person.salesforce_id: person for person in people.defer("search")}
    for change in changes:
        team = teams.get(key_of(change.values["unknown_team"]))
        person = by_id.get(change.salesforce_user_id)
        if team is not None and person is not None:
            yield (
                person,
                {
                    "action": PlannedChange.Action.UPDATE,
                    "reason": f"Joins {team}, which did not exist at the import",
                    "account": change.account_id,
                    "account_name": change.account_name,
                    "values": {"account": {"team_id": [None, team.pk]}},
                },
            )


def _teamless(plan: SyncPlan) -> QuerySet[PlannedChange]:
    """The accounts that the import made without a team, which still have none."""
    return plan.changes.filter(
        action=PlannedChange.Action.CREATE,
        outcome=PlannedChange.Outcome.DONE,
        values__has_key="unknown_team",
        account__team=None,
        account__protected=False,
        account__state__in=User.STATES_HOLDING_ADDRESS,
    )


def _teams(plan: SyncPlan) -> dict[str, Team]:
    return {key_of(team.name): team for team in Team.objects.filter(company=plan.company_id)}
