"""Explain this person: the steps of the sync with their verdicts, and what would happen now.

- ``explain(person) -> Explanation``; changes nothing, asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import AuditEntry
from accounts.time_zone import written_time
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    UserMapping,
)

from .automatic import made_today
from .facts import Facts
from .leavers import to_deactivate, to_reactivate
from .matching import Match, Matcher
from .scope import out_of_scope

Action = PlannedChange.Action
_STATES_WAITING = (*SyncPlan.STATES_OPEN, SyncPlan.State.REQUESTED)
_IDLE_WHEN_SETTLED = (*PlannedChange.IDLE_ACTIONS, Action.CREATE, Action.MAP)


@dataclass(frozen=True)
class Step:
    """One step: its name, a verdict in a word or two, and why, in sentences."""

    name: str
    verdict: str
    details: list[str]
    is_fine: bool = True
    is_reached: bool = True

    @property
    def tone(self) -> str:
        """“good”, “warn”, or nothing where the step was not reached."""
        if not self.is_reached:
            return ""
        return "good" if self.is_fine else "warn"


@dataclass(frozen=True)
class Explanation:
    person: DirectoryUser
    steps: list[Step]  # read, scope, match, plan, apply
    would_happen: dict[str, str]  # by `Approach`: what each would do now
    next: str  # what happens by itself, in a sentence
    mapping: UserMapping | None
    can_be_added: bool  # by a person's choice, now
    history: list[PlannedChange]  # of this person, newest first
    waiting: PlannedChange | None  # what would happen, were its plan approved


def explain(person: DirectoryUser) -> Explanation:
    connection = person.connection
    history = list(
        PlannedChange.objects.filter(
            plan__connection=connection, salesforce_user_id=person.salesforce_id
        )
        .select_related("plan", "plan__approved_by", "account", "decided_by")
        .order_by("-plan__created_at", "-pk")[:50]
    )
    matchers = {approach: Matcher(connection, approach=approach) for approach in Approach}
    facts = matchers[Approach.ON_DEMAND].gather([person])[person.pk]
    matches = {
        approach: matcher.match([person])[person.pk] for approach, matcher in matchers.items()
    }
    return Explanation(
        person=person,
        steps=[
            _read(person, connection),
            _scope(person, connection),
            _match(facts, matches[Approach.ON_DEMAND], matchers[Approach.ON_DEMAND]),
            _plan(history),
            _apply(history, facts.mapping),
        ],
        would_happen={approach: match.reason for approach, match in matches.items()},
        next=_next(person, connection, facts.mapping, matches),
        mapping=facts.mapping,
        can_be_added=matches[Approach.ON_DEMAND].verdict != Action.NOTHING,
        history=history,
        waiting=_waiting(history, is_settled=bool(facts.mapping or person.ignored_at)),
    )


def _waiting(history: list[PlannedChange], *, is_settled: bool) -> PlannedChange | None:
    """The newest row that a decision would carry out; an import not, where it came to nothing."""
    idle = _IDLE_WHEN_SETTLED if is_settled else PlannedChange.IDLE_ACTIONS
    waiting = (row for row in history if row.plan.state in _STATES_WAITING and row.included)
    return next((row for row in waiting if row.action not in idle), None)


def _read(person: DirectoryUser, connection: Connection) -> Step:
    details = [f"As of {written_time(person.refreshed_at)}: {_state_in_salesforce(person)}."]
    if connection.directory_refreshed_at is not None:
        details.append(
            f"All users were last read {written_time(connection.directory_refreshed_at)}."
        )
    if person.missing_since is not None:
        details.append(
            f"Not visible to the connecting user since {written_time(person.missing_since)}."
        )
    if not connection.has_access:
        details.append("Salesforce cannot be asked now, so this may be old.")
    fine = person.missing_since is None and connection.has_access
    return Step("Read", "Read" if fine else "Not up to date", details, fine)


def _state_in_salesforce(person: DirectoryUser) -> str:
    if not person.is_active:
        return "has left Salesforce"
    return "frozen in Salesforce" if person.is_frozen else "active in Salesforce"


def _scope(person: DirectoryUser, connection: Connection) -> Step:
    details = []
    named = out_of_scope(person, connection, Approach.ON_DEMAND)
    wide = out_of_scope(person, connection, Approach.ALL_ACTIVE)
    details.append(f"On demand and Manual: {named or 'in'}.")
    details.append(f"Automatic and All active users: {wide or 'in'}.")
    if person.ignored_at is not None:
        who = person.ignored_by or "somebody"
        why = f": {person.ignored_reason}" if person.ignored_reason else ""
        details.append(f"Ignored by {who}, {written_time(person.ignored_at)}{why}.")
    verdict = "Ignored" if person.ignored_at else named or wide or "In scope"
    return Step("Scope", verdict, details, not (named or wide or person.ignored_at))


def _match(facts: Facts, match: Match, matcher: Matcher) -> Step:
    rules = "; ".join(["the mapping", *(str(rule) for rule in matcher.rules)])
    details = [f"{match.reason}.", f"Looked for by, in this order: {rules}."]
    for one in facts.candidates:
        state = "active" if one.is_live else "deactivated"
        details.append(f"{one.name} ({one.email}, {state}): same {', '.join(one.found_by)}.")
    if facts.person.unlinked_at is not None:
        who = facts.person.unlinked_by or "somebody"
        details.append(f"Unlinked by {who}, {written_time(facts.person.unlinked_at)}.")
    is_reached = match.verdict != Action.NOTHING or facts.mapping is not None
    is_fine = match.verdict != Action.CONFLICT
    return Step("Match", match.verdict.label, details, is_fine, is_reached)


def _plan(history: list[PlannedChange]) -> Step:
    if not history:
        details = ["No change was ever planned for this person."]
        return Step("Plan", "Never planned", details, is_reached=False)
    row = history[0]
    details = [
        f"{row.plan} of {written_time(row.plan.created_at)}, {row.plan.get_approach_display()}:"
        f" {row.get_action_display()}. {row.reason}.",
        f"Approved by {_approver(row.plan)}.",
    ]
    if cause := row.values.get("cause"):
        details.append(f"Because of the record {cause['record_id']}.")
    waits = row.plan.state in _STATES_WAITING
    return Step("Plan", row.plan.get_state_display(), details, not waits)


def _approver(plan: SyncPlan) -> str:
    """By the name in the history, where the account is gone."""
    if plan.approved_at is None:
        return "nobody yet"
    if plan.approved_by is not None:
        return str(plan.approved_by)
    entries = AuditEntry.objects.filter(
        company=plan.company_id,
        subject_type=plan._meta.label_lower,
        subject_id=str(plan.pk),
        action="plan.approved",
    )
    names = entries.order_by("-at").values_list("actor_name", flat=True)
    return names.first() or "the policy"


def _apply(history: list[PlannedChange], mapping: UserMapping | None) -> Step:
    details = []
    if mapping is not None:
        kind = "mapped" if mapping.is_current else "a former Salesforce user of"
        account = mapping.account
        state = account.get_state_display().lower()
        details.append(
            f"{kind.capitalize()} to {account} ({state}), {mapping.get_approach_display()},"
            f" {written_time(mapping.created_at)}."
        )
    applied = [row for row in history if row.outcome != PlannedChange.Outcome.WAITING]
    if applied:
        details.append(f"{applied[0].get_outcome_display()}: {applied[0].outcome_note}")
    if not details:
        details = ["Nothing was ever done: this person has no account."]
    failed = bool(applied) and applied[0].outcome in ("failed", "changed", "no_seat")
    verdict = "Has an account" if mapping else "No account"
    return Step("Apply", verdict, details, not failed, mapping is not None or bool(applied))


def _next(
    person: DirectoryUser,
    connection: Connection,
    mapping: UserMapping | None,
    matches: dict[Approach, Match],
) -> str:
    if mapping is not None:
        return _next_of_mapped(connection, mapping)
    on_demand, automatic = matches[Approach.ON_DEMAND], matches[Approach.AUTOMATIC]
    if on_demand.verdict == Action.NOTHING:
        return f"Nothing: {on_demand.reason}."
    if not connection.automatic_is_on:
        return "Nothing by itself: Automatic is off. Import the person on demand."
    if not connection.has_access:
        return f"Nothing while the connection is {connection.get_state_display().lower()}."
    return _next_of_wanted(person, connection, automatic)


def _next_of_wanted(person: DirectoryUser, connection: Connection, automatic: Match) -> str:
    if automatic.verdict == Action.CONFLICT:
        return f"Nothing until somebody decides: {automatic.reason}."
    if automatic.verdict == Action.NOTHING:
        return f"Nothing: {automatic.reason}."
    if person.wanted_since is None:
        return "An account, as soon as a workflow that takes part catches a record of theirs."
    if made_today(connection) >= connection.automatic_daily_limit:
        return "Waits for a person: today's limit of new accounts is reached."
    return "Gets an account within a minute or two."


def _next_of_mapped(connection: Connection, mapping: UserMapping) -> str:
    by_policy = (
        connection.deprovisioning == Connection.Deprovisioning.DEACTIVATE and connection.has_access
    )
    if to_deactivate(connection).filter(pk=mapping.pk).exists():
        if by_policy:
            days = connection.deprovisioning_grace_days
            return f"The account is deactivated {days} days after the person left."
        return "Nothing by itself: deactivating the account is suggested."
    if to_reactivate(connection).filter(pk=mapping.pk).exists():
        if by_policy:
            return "The account is reactivated: the person is back."
        return "Nothing by itself: reactivating the account is suggested."
    return "Nothing: the account stays as it is."
