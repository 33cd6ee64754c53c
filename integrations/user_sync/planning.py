"""A plan: one row a person, decided and saved before anything is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby, islice
from operator import attrgetter
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import Team, User
from accounts.seats import count_seats
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange, SyncPlan

from .errors import NobodyLeft, PlanError
from .facts import Facts
from .matching import Matcher
from .plan_rows import Decider, Row, ignore_row, import_row, save_rows, stop_ignoring_row
from .sharing import NAMED, with_more
from .teams import TeamChooser

Action = PlannedChange.Action
NewAccounts = Connection.NewAccounts

#: More people than one can look over before a press get the plan's page in between.
REVIEWED_ABOVE = 50


class HowToImport(TypedDict, total=False):
    """What is chosen once for all of the people; everything has a default."""

    team_source: str
    team: Team | None
    role: str
    send_invitations: bool
    approach: Approach


def plan_import(
    connection: Connection,
    people: Iterable[DirectoryUser],
    *,
    by: User | None,
    **how: Unpack[HowToImport],
) -> SyncPlan:
    """A draft that gives these people accounts. ``people`` may be a query of any size.

    Raises `NobodyLeft` when nobody is chosen, `PlanError` when the team is not the company's.
    """
    plan = new_import(connection, by=by, **how)
    return _made(plan, people, import_decider(plan))


def plan_ignore(
    connection: Connection, people: Iterable[DirectoryUser], *, by: User | None, reason: str = ""
) -> SyncPlan:
    """A draft after which these people get no account and are no work for anyone."""
    plan = new_plan(connection, SyncPlan.Kind.IGNORE, by=by)
    return _made(plan, people, Decider(lambda facts: ignore_row(facts, reason)))


def plan_stop_ignoring(
    connection: Connection, people: Iterable[DirectoryUser], *, by: User | None
) -> SyncPlan:
    """A draft after which these people can be imported again."""
    plan = new_plan(connection, SyncPlan.Kind.STOP_IGNORING, by=by)
    return _made(plan, people, Decider(stop_ignoring_row))


def new_import(connection: Connection, *, by: User | None, **how: Unpack[HowToImport]) -> SyncPlan:
    """Without rows, and not saved. Raises `PlanError` when the team is not the company's."""
    plan = new_plan(connection, SyncPlan.Kind.IMPORT, by=by)
    for name, chosen in how.items():
        setattr(plan, name, chosen)
    _check_team(plan)
    return plan


def new_plan(connection: Connection, kind: SyncPlan.Kind, *, by: User | None) -> SyncPlan:
    """Without rows, and not saved."""
    return SyncPlan(
        company=connection.company,
        connection=connection,
        kind=kind,
        approach=Approach.ON_DEMAND,
        created_by=by,
    )


def import_decider(plan: SyncPlan) -> Decider:
    approach = Approach(plan.approach)
    new_accounts = new_accounts_of(plan)
    matcher = Matcher(plan.connection, viewer=plan.created_by, approach=approach)
    teams = TeamChooser(plan.company, plan.team_source, plan.team)

    def decide(facts: Facts) -> Row:
        team = teams.choose(facts.person)
        return import_row(plan, facts, matcher.decide(facts), team, new_accounts)

    return Decider(decide, matcher.gather)


def new_accounts_of(plan: SyncPlan) -> str:
    """In what state the plan makes new accounts: Automatic has a setting of its own for it."""
    is_automatic = plan.approach == Approach.AUTOMATIC
    return plan.connection.automatic_accounts if is_automatic else NewAccounts.ACTIVE


@transaction.atomic
def _made(plan: SyncPlan, people: Iterable[DirectoryUser], decider: Decider) -> SyncPlan:
    plan.save()
    if not save_rows(plan, people, decider):
        raise NobodyLeft("Nobody was chosen.")
    ask_where_one_account_fits_two(plan)
    return plan


def people_of(plan: SyncPlan, outcomes: Collection[str]) -> QuerySet[DirectoryUser]:
    """The people whose rows ended so, to be planned again on what is true now."""
    rows = plan.changes.filter(outcome__in=outcomes)
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        connection=plan.connection_id, salesforce_id__in=rows.values("salesforce_user_id")
    )
    return people.order_by("name", "pk")


def how_imported(plan: SyncPlan) -> HowToImport:
    return {
        "team_source": plan.team_source,
        "team": plan.team,
        "role": plan.role,
        "send_invitations": plan.send_invitations,
        "approach": Approach(plan.approach),
    }


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


def _check_team(plan: SyncPlan) -> None:
    if plan.team is not None and plan.team.company_id != plan.company_id:
        raise PlanError("There is no such team.")
    if (plan.team_source == SyncPlan.TeamSource.CHOSEN) != (plan.team is not None):
        raise PlanError("Choose a team, or take it from Salesforce.")


def ask_where_one_account_fits_two(plan: SyncPlan) -> None:
    """Of several rows that map to one account, a person says which is right."""
    maps = plan.changes.filter(action=Action.MAP)
    twice = (
        maps.values("account").annotate(rows=Count("pk")).filter(rows__gt=1).order_by()
    ).values("account")
    rivals = maps.filter(account__in=twice).order_by("account", "position")
    for _, found in groupby(rivals, attrgetter("account_id")):
        rows = list(found)
        for row in rows:
            others = islice((one for one in rows if one is not row), NAMED)
            names = with_more([_with_username(one) for one in others], len(rows) - 1)
            row.action, row.reason = Action.CONFLICT, f"{row.account_name} fits {names} too"
            row.account, row.account_name, row.values = None, "", {}
        fields = ["action", "reason", "account", "account_name", "values"]
        PlannedChange.objects.bulk_update(rows, fields, batch_size=500)


def _with_username(row: PlannedChange) -> str:
    return f"{row.person_name} ({row.basis['username']})"


def _differing(plan: SyncPlan, shown: Mapping[str, str]) -> int:
    rows = plan.changes.values_list("salesforce_user_id", "action", "account_id")
    return sum(
        shown.get(salesforce_id) != f"{action}:{account_id or ''}"
        for salesforce_id, action, account_id in rows
    )


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
