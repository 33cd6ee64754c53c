"""A plan: one row a person, decided and saved before anything is touched."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from psycopg.types.json import Jsonb

from accounts import bulk_writer
from accounts.models import Company, Team, User
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange, SyncPlan

from .errors import PlanError
from .facts import Facts, folded, gather
from .matching import Match, Matcher
from .teams import TeamChoice, TeamChooser

Action = PlannedChange.Action

#: More people than one can look over before a press get the plan's page in between.
REVIEWED_ABOVE = 50
CHUNK = 2_000
ROW_FIELDS = (
    "company",
    "plan",
    "position",
    "salesforce_user_id",
    "person_name",
    "person_email",
    "action",
    "reason",
    "included",
    "account",
    "account_name",
    "candidates",
    "values",
    "basis",
    "before",
    "outcome",
    "outcome_note",
)


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

    def row(facts: Facts) -> dict[str, Any]:
        return _import_row(plan, facts, matcher.decide(facts), teams.choose(facts.person))

    _save_rows(plan, people, row)
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
    _save_rows(plan, people, lambda facts: _ignore_row(facts, reason))
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
    _save_rows(plan, people, _stop_ignoring_row)
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
    free = free_seats(plan.company)
    if free is not None and (needed := seats_needed(plan)) > free:
        reasons.append(f"{_counted(needed, 'seat is', 'seats are')} needed, {free} free.")
    return reasons


def seats_needed(plan: SyncPlan) -> int:
    """How many accounts become active when all of the plan is applied."""
    return (
        plan.changes.filter(included=True, values__state=User.State.ACTIVE)
        .exclude(action__in=PlannedChange.IDLE_ACTIONS)
        .count()
    )


def free_seats(company: Company) -> int | None:
    """``None`` where the company has no limit. Somebody may take one a moment later."""
    if company.seat_limit is None:
        return None
    used: int = User.objects.in_a_seat().filter(company=company).count()
    return max(0, company.seat_limit - used)


def new_account_values(person: DirectoryUser, team: TeamChoice, role: str) -> dict[str, Any]:
    """What `PlannedChange.values` of a new account holds."""
    return {
        "name": (person.name or person.username)[:200],
        "email": person.email.strip(),
        "title": person.title[:200],
        "time_zone": person.time_zone if person.time_zone in _time_zones() else "",
        "federation_id": person.federation_id,
        "team_id": team.team_id,
        "team_name": team.name,
        "role": role,
        "state": User.State.ACTIVE.value,
    }


def filling_values(person: DirectoryUser, team: TeamChoice) -> dict[str, Any]:
    """What is filled in, where it is empty, on an existing account that somebody is mapped to."""
    return {"title": person.title[:200], "team_id": team.team_id, "team_name": team.name}


def _import_row(plan: SyncPlan, facts: Facts, match: Match, team: TeamChoice) -> dict[str, Any]:
    values: dict[str, Any] = {}
    reason = match.reason
    if match.verdict == Action.CREATE:
        values = new_account_values(facts.person, team, plan.role)
        reason = f"{reason}; {team.remark}" if team.remark else reason
    elif match.verdict == Action.MAP:
        values = filling_values(facts.person, team)
    return {
        "action": match.verdict,
        "reason": reason,
        "account": match.account_id,
        "account_name": match.account_name,
        "candidates": [candidate.as_json() for candidate in match.candidates],
        "values": values,
        "basis": facts.as_basis(),
    }


def _ignore_row(facts: Facts, reason: str) -> dict[str, Any]:
    if facts.mapping is not None:
        return {
            "action": Action.NOTHING,
            "reason": f"Mapped to {facts.mapping.account}: only somebody without an account"
            " can be ignored",
        }
    if facts.person.ignored_at is not None:
        return {"action": Action.NOTHING, "reason": "Already ignored"}
    return {
        "action": Action.IGNORE,
        "reason": "Gets no account until somebody stops ignoring them",
        "values": {"reason": reason[:255]},
        "basis": facts.as_basis(),
    }


def _stop_ignoring_row(facts: Facts) -> dict[str, Any]:
    if facts.person.ignored_at is None:
        return {"action": Action.NOTHING, "reason": "Not ignored"}
    return {
        "action": Action.STOP_IGNORING,
        "reason": "Can be imported again",
        "basis": facts.as_basis(),
    }


def _check_team(connection: Connection, team_source: str, team: Team | None) -> None:
    if team is not None and team.company_id != connection.company_id:
        raise PlanError("There is no such team.")
    if (team_source == SyncPlan.TeamSource.CHOSEN) != (team is not None):
        raise PlanError("Choose a team, or take it from Salesforce.")


def _save_rows(plan: SyncPlan, people: Iterable[DirectoryUser], row: Any) -> None:
    position = 0
    for chunk in _chunks(people):
        if any(person.connection_id != plan.connection_id for person in chunk):
            raise PlanError("These people belong to another connection.")
        facts = gather(plan.connection, chunk)
        rows = [
            save_ready(plan, position + n, person, row(facts[person.pk]))
            for n, person in enumerate(chunk, 1)
        ]
        bulk_writer.insert(PlannedChange, ROW_FIELDS, rows)
        position += len(chunk)
    if not position:
        raise PlanError("Nobody was chosen.")


def save_ready(
    plan: SyncPlan, position: int, person: DirectoryUser, row: dict[str, Any]
) -> Sequence[Any]:
    """The values of ROW_FIELDS."""
    return (
        plan.company_id,
        plan.pk,
        position,
        person.salesforce_id,
        person.name,
        folded(person.email),
        row["action"],
        row["reason"],
        True,
        row.get("account"),
        row.get("account_name", ""),
        *(Jsonb(row.get(name, empty)) for name, empty in JSON_FIELDS.items()),
        PlannedChange.Outcome.WAITING,
        "",
    )


JSON_FIELDS: dict[str, Any] = {"candidates": [], "values": {}, "basis": {}, "before": {}}


def _chunks(people: Iterable[DirectoryUser]) -> Iterator[list[DirectoryUser]]:
    if isinstance(people, QuerySet):
        people = people.defer("search").iterator(chunk_size=CHUNK)
    rest = iter(people)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


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


@cache
def _time_zones() -> set[str]:
    return zoneinfo.available_timezones()
