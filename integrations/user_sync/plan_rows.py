"""The rows of a plan: what each says, and how they are saved, thousands at once."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from accounts import bulk_writer
from accounts.models import User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    TeamSource,
)

from .candidates import folded
from .errors import PlanError
from .facts import Facts, gather
from .matching import Match
from .teams import TeamChoice

Action = PlannedChange.Action
NewAccounts = Connection.NewAccounts
#: The decided fields of a row; those left out are empty.
Row = dict[str, Any]
DecidedRow = tuple[DirectoryUser, Row]

CHUNK = 2_000
_ROW_FIELDS = (
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


def new_account_values(
    person: DirectoryUser, team: TeamChoice, role: str, new_accounts: str = NewAccounts.ACTIVE
) -> dict[str, Any]:
    """What `PlannedChange.values` of a new account holds."""
    is_pending = new_accounts == NewAccounts.PENDING
    values = {
        "name": (person.name or person.username)[:200],
        "email": person.email.strip(),
        "title": person.title[:200],
        "time_zone": person.time_zone if person.time_zone in time_zones() else "",
        "federation_id": person.federation_id,
        "team_id": team.team_id,
        "team_name": team.name,
        "role": role,
        "state": (User.State.PENDING if is_pending else User.State.ACTIVE).value,
    }
    if team.unknown:
        values["unknown_team"] = team.unknown
    if new_accounts == NewAccounts.ACTIVE_IN_A_SEAT:
        values["pending_without_seat"] = True
    return values


def filling_values(person: DirectoryUser, team: TeamChoice) -> dict[str, Any]:
    """What is filled in, where it is empty, on an existing account that somebody is mapped to."""
    return {"title": person.title[:200], "team_id": team.team_id, "team_name": team.name}


def import_row(
    plan: SyncPlan,
    facts: Facts,
    match: Match,
    team: TeamChoice,
    new_accounts: str = NewAccounts.ACTIVE,
) -> Row:
    values: dict[str, Any] = {}
    reason = match.reason
    if match.verdict == Action.CREATE:
        values = new_account_values(facts.person, team, plan.role, new_accounts)
        reason = f"{reason}; {team.remark}" if team.remark else reason
    elif match.verdict == Action.MAP:
        values = filling_values(facts.person, team)
    if cause := cause_of(facts.person):
        values = {**values, "cause": cause}
    return {
        "action": match.verdict,
        "reason": reason,
        "account": match.account_id,
        "account_name": match.account_name,
        "candidates": [candidate.as_json() for candidate in match.candidates],
        "values": values,
        "basis": facts.as_basis(),
    }


def cause_of(person: DirectoryUser) -> dict[str, Any] | None:
    """The record, and the workflow that caught it, for which somebody is wanted."""
    if person.wanted_since is None or not person.wanted_record_id:
        return None
    return {"record_id": person.wanted_record_id, "workflow_id": person.wanted_workflow_id}


def ignore_row(facts: Facts, reason: str) -> Row:
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


def stop_ignoring_row(facts: Facts) -> Row:
    if facts.person.ignored_at is None:
        return {"action": Action.NOTHING, "reason": "Not ignored"}
    return {
        "action": Action.STOP_IGNORING,
        "reason": "Can be imported again",
        "basis": facts.as_basis(),
    }


class Decider(NamedTuple):
    """How the rows of a plan are decided, and by which facts if not by the saved rules."""

    decide: Callable[[Facts], Row]
    gather: Callable[[Sequence[DirectoryUser]], dict[int, Facts]] | None = None


def save_rows(
    plan: SyncPlan, people: Iterable[DirectoryUser], decider: Decider, after: int = 0
) -> int:
    """Decide about all of these people and save the rows, at the places behind ``after``.

    How many there are.
    """
    position = after
    for chunk in _chunks(people):
        if any(person.connection_id != plan.connection_id for person in chunk):
            raise PlanError("These people belong to another connection.")
        facts = decider.gather(chunk) if decider.gather else gather(plan.connection, chunk)
        decided = [(person, decider.decide(facts[person.pk])) for person in chunk]
        save_decided(plan, decided, after=position)
        position += len(chunk)
    return position - after


@transaction.atomic
def draft(
    connection: Connection,
    kind: SyncPlan.Kind,
    approach: Approach,
    rows: Sequence[DecidedRow],
    *,
    by: User | None,
) -> SyncPlan:
    """A plan of rows that are decided already, for which no source of teams matters any more."""
    plan = SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=kind,
        approach=approach,
        team_source=TeamSource.NONE,
        created_by=by,
    )
    save_decided(plan, rows)
    return plan


def save_decided(plan: SyncPlan, rows: Sequence[DecidedRow], after: int = 0) -> None:
    """In their order, at the places behind ``after``."""
    ready = [_columns(plan, n, person, row) for n, (person, row) in enumerate(rows, after + 1)]
    bulk_writer.insert(PlannedChange, _ROW_FIELDS, ready)


def _columns(plan: SyncPlan, position: int, person: DirectoryUser, row: Row) -> Sequence[Any]:
    """The values of _ROW_FIELDS."""
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
        *(Jsonb(row.get(name, empty)) for name, empty in _JSON_FIELDS.items()),
        PlannedChange.Outcome.WAITING,
        "",
    )


_JSON_FIELDS: dict[str, Any] = {"candidates": [], "values": {}, "basis": {}, "before": {}}


def _chunks(people: Iterable[DirectoryUser]) -> Iterator[list[DirectoryUser]]:
    if isinstance(people, QuerySet):
        people = people.defer("search").iterator(chunk_size=CHUNK)
    rest = iter(people)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


@cache
def time_zones() -> set[str]:
    return zoneinfo.available_timezones()
