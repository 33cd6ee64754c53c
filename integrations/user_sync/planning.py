"""A plan: one row a person, decided and saved before anything is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db import transaction
from django.db.models import Count, Q

from accounts.models import Team, User
from accounts.seats import count_seats
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange, SyncPlan

from .errors import PlanError
from .facts import Facts
from .matching import Matcher
from .plan_rows import Row, ignore_row, import_row, save_rows, stop_ignoring_row
from .teams import TeamChooser

Action = PlannedChange.Action

#: More people than one can look over before a press get the plan's page in between.
REVIEWED_ABOVE = 50


@transaction.atomic
def plan_import(
    connection: Connection,
    people: Iterable[DirectoryUser],
    *,
    by: User | None,
    team_source: str = SyncPlan.TeamSource.FROM_SALESFORCE,
    team: Team | None = None,
    role: str = User.Role.MEMBER,
    send_invitations: bool = False,
    approach: Approach = Approach.ON_DEMAND,
    new_accounts: str = Connection.NewAccounts.ACTIVE,
) -> SyncPlan:
    """A draft that gives these people accounts. ``people`` may be a query of any size.

    Raises `PlanError` when nobody is chosen, or the team is not the company's.
    """
    _check_team(connection, team_source, team)
    plan = SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncPlan.Kind.IMPORT,
        approach=approach,
        team_source=team_source,
        team=team,
        role=role,
        send_invitations=send_invitations,
        created_by=by,
    )
    matcher = Matcher(connection, viewer=by, approach=approach)
    teams = TeamChooser(connection.company, team_source, team)

    def row(facts: Facts) -> Row:
        match, team = matcher.decide(facts), teams.choose(facts.person)
        return import_row(plan, facts, match, team, new_accounts)

    save_rows(plan, people, row, matcher.gather)
    _ask_where_one_account_fits_two(plan)
    return plan


@transaction.atomic
def plan_ignore(
    connection: Connection, people: Iterable[DirectoryUser], *, by: User | None, reason: str = ""
) -> SyncPlan:
    """A draft after which these people get no account and are no work for anyone."""
    plan = SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncPlan.Kind.IGNORE,
        approach=Approach.ON_DEMAND,
        created_by=by,
    )
    save_rows(plan, people, lambda facts: ignore_row(facts, reason))
    return plan


@transaction.atomic
def plan_stop_ignoring(
    connection: Connection, people: Iterable[DirectoryUser], *, by: User | None
) -> SyncPlan:
    """A draft after which these people can be imported again."""
    plan = SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncPlan.Kind.STOP_IGNORING,
        approach=Approach.ON_DEMAND,
        created_by=by,
    )
    save_rows(plan, people, stop_ignoring_row)
    return plan


def plan_again(plan: SyncPlan, outcomes: Collection[str], *, by: User | None) -> SyncPlan:
    """A new draft for the people whose rows ended so, decided on what is true now."""
    people = DirectoryUser.objects.filter(
        connection=plan.connection_id,
        salesforce_id__in=plan.changes.filter(outcome__in=outcomes).values("salesforce_user_id"),
    ).order_by("name", "pk")
    if plan.kind == SyncPlan.Kind.IGNORE:
        return plan_ignore(plan.connection, people, by=by)
    if plan.kind == SyncPlan.Kind.STOP_IGNORING:
        return plan_stop_ignoring(plan.connection, people, by=by)
    if plan.kind != SyncPlan.Kind.IMPORT:
        raise PlanError("Open the plan that was reverted, and revert it again.")
    return plan_import(
        plan.connection,
        people,
        by=by,
        team_source=plan.team_source,
        team=plan.team,
        role=plan.role,
        send_invitations=plan.send_invitations,
        approach=Approach(plan.approach),
    )


def needs_review(
    plan: SyncPlan, shown: Mapping[str, str] | None = None, *, all_matching: bool = False
) -> list[str]:
    """Why somebody must look at the plan before it is approved; empty when one press is enough.

    ``shown`` is what the list showed: `Match.shown` by Salesforce id.
    """
    rows = plan.changes.aggregate(
        total=Count("pk"), conflicts=Count("pk", filter=Q(action=Action.CONFLICT))
    )
    reasons = []
    if all_matching:
        reasons.append("You chose everybody who matches the search.")
    if rows["total"] > REVIEWED_ABOVE:
        reasons.append(f"These are more than {REVIEWED_ABOVE} people.")
    if rows["conflicts"]:
        reasons.append(_counted(rows["conflicts"], "person needs", "people need") + " a decision.")
    if shown is not None and (differing := _differing(plan, shown)):
        reasons.append(
            _counted(differing, "person has", "people have") + " changed since the list was shown."
        )
    seats = count_seats(plan.company)
    if not seats.has_room_for(needed := seats_needed(plan)):
        reasons.append(f"{_counted(needed, 'seat is', 'seats are')} needed, {seats.free} free.")
    return reasons


def seats_needed(plan: SyncPlan) -> int:
    """How many accounts become active when all of the plan is applied."""
    return (
        plan.changes.filter(included=True, values__state=User.State.ACTIVE)
        .exclude(action__in=PlannedChange.IDLE_ACTIONS)
        .count()
    )


def _check_team(connection: Connection, team_source: str, team: Team | None) -> None:
    if team is not None and team.company_id != connection.company_id:
        raise PlanError("There is no such team.")
    if (team_source == SyncPlan.TeamSource.CHOSEN) != (team is not None):
        raise PlanError("Choose a team, or take it from Salesforce.")


def _ask_where_one_account_fits_two(plan: SyncPlan) -> None:
    maps = plan.changes.filter(action=Action.MAP)
    twice = (
        maps.values("account").annotate(rows=Count("pk")).filter(rows__gt=1).order_by()
    ).values("account")
    maps.filter(account__in=twice).update(
        action=Action.CONFLICT,
        reason="Another of these people matches the same account",
        account=None,
        account_name="",
        values={},
    )


def _differing(plan: SyncPlan, shown: Mapping[str, str]) -> int:
    rows = plan.changes.values_list("salesforce_user_id", "action", "account_id")
    return sum(
        shown.get(salesforce_id) != f"{action}:{account_id or ''}"
        for salesforce_id, action, account_id in rows
    )


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
