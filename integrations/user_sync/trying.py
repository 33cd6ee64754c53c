"""Rules are tried on the real directory before they are saved: how many in and out, and who.

- ``try_scope_rules(connection, rules) -> ScopeTrial``; ``check_scope(connection, rules, person)``;
- ``try_match_rules(connection, rules, policy) -> MatchTrial``;
- ``check_match(connection, rules, person, policy)``;
- ``save_scope_rules(connection, rules, by=..., confirmed=False)``, ``save_match_rules(…)``.

Rules are unsaved `ScopeRule`s and `MatchRule`s, in their order. Nothing here asks Salesforce.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Count, Q

from accounts import audit
from accounts.models import User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    MatchRule,
    ScopeRule,
    UserMapping,
)

from .alike import people_alike
from .errors import PlanError
from .matching import Match, Matcher
from .plan_rows import CHUNK
from .scope import holds_in_database, in_scope, out_of_scope
from .user_fields import is_read

#: Of those in now, more than this share out by the new rules must be confirmed.
TOO_WIDE = 0.5


class NeedsConfirmation(PlanError):
    """The rules do something so wide that it may be a mistake. Nothing was saved."""


@dataclass(frozen=True)
class ScopeTrial:
    """How many active people the rules let in, and what each rule alone keeps out."""

    before: int  # in by the saved rules
    inside: int
    outside: int
    kept_out_by: list[int]  # by rule, in their order
    accounts_outside: int  # people with an account whom the rules keep out; nothing is done to them
    not_read: list[str]  # fields that have to be read first

    @property
    def is_suspicious(self) -> bool:
        return self.before > 0 and self.inside < TOO_WIDE * self.before


@dataclass(frozen=True)
class MatchTrial:
    """How many people without an account would get each verdict, by these rules."""

    verdicts: Mapping[str, int]  # by `PlannedChange.Action`
    before: Mapping[str, int]  # the same by the saved rules


def try_scope_rules(connection: Connection, rules: Sequence[ScopeRule]) -> ScopeTrial:
    approach = Approach.ALL_ACTIVE
    people = DirectoryUser.objects.filter(in_scope(connection, approach, []), connection=connection)
    within = Q()
    for rule in rules:
        within &= holds_in_database(rule)
    mapped = UserMapping.objects.filter(connection=connection, is_current=True)
    with_account = Q(salesforce_id__in=mapped.values("salesforce_user_id"))
    counts = people.aggregate(
        everybody=Count("pk"),
        before=Count("pk", filter=in_scope(connection, approach)),
        inside=Count("pk", filter=within),
        accounts=Count("pk", filter=with_account),
        accounts_inside=Count("pk", filter=with_account & within),
        **{f"out_{n}": Count("pk", filter=~holds_in_database(r)) for n, r in enumerate(rules)},
    )
    return ScopeTrial(
        before=counts["before"],
        inside=counts["inside"],
        outside=counts["everybody"] - counts["inside"],
        kept_out_by=[counts[f"out_{n}"] for n in range(len(rules))],
        accounts_outside=counts["accounts"] - counts["accounts_inside"],
        not_read=sorted({rule.field for rule in rules if not is_read(connection, rule.field)}),
    )


def check_scope(connection: Connection, rules: Sequence[ScopeRule], person: DirectoryUser) -> str:
    """Whether this person is in by these rules, or by which rule not."""
    return out_of_scope(person, connection, Approach.ALL_ACTIVE, rules) or "In: all rules hold"


def try_match_rules(
    connection: Connection, rules: Sequence[MatchRule], policy: str | None = None
) -> MatchTrial:
    """By these rules, and this policy for e-mails if not the saved one, beside the saved ones."""
    tried = Matcher(connection, rules=rules, policy=policy)
    saved = Matcher(connection)
    alike = people_alike(connection)
    verdicts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for people in _chunks(alike):
        for matcher, counts in ((tried, verdicts), (saved, before)):
            for pk, match in matcher.match(people).items():
                counts[match.verdict.value] += alike[pk]
    return MatchTrial(verdicts, before)


def check_match(
    connection: Connection,
    rules: Sequence[MatchRule],
    person: DirectoryUser,
    policy: str | None = None,
) -> Match:
    """What these rules, and this policy, say about this person."""
    return Matcher(connection, rules=rules, policy=policy).match([person])[person.pk]


def _chunks(ids: Iterable[int]) -> Iterator[list[DirectoryUser]]:
    rest = iter(ids)
    while chunk := list(islice(rest, CHUNK)):
        yield list(DirectoryUser.objects.filter(pk__in=chunk).defer("search"))


@transaction.atomic
def save_scope_rules(
    connection: Connection, rules: Sequence[ScopeRule], *, by: User, confirmed: bool = False
) -> None:
    """Replace the rules. Raises `NeedsConfirmation` where they leave out most of who is in now,
    and `PlanError` for a rule that cannot be.
    """
    _check_all(connection, rules, confirmed)
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    before = [str(rule) for rule in ScopeRule.objects.filter(connection=locked)]
    ScopeRule.objects.filter(connection=locked).delete()
    for position, rule in enumerate(rules, 1):
        ScopeRule.objects.create(
            company_id=locked.company_id,
            connection=locked,
            position=position,
            field=rule.field,
            operator=rule.operator,
            value=rule.value,
        )
    after = [str(rule) for rule in rules]
    audit.record(
        "rules.scope_changed", locked, by=by, before={"rules": before}, after={"rules": after}
    )


def _check_all(connection: Connection, rules: Sequence[ScopeRule], confirmed: bool) -> None:
    for rule in rules:
        _check(rule)
    trial = try_scope_rules(connection, rules)
    if trial.not_read:
        raise PlanError(
            f"{', '.join(trial.not_read)} has not been read from Salesforce yet: refresh first."
        )
    if trial.is_suspicious and not confirmed:
        raise NeedsConfirmation(
            f"Of {trial.before} people who are in now, these rules leave {trial.inside}."
            " Is that what you want?"
        )


def _check(rule: ScopeRule) -> None:
    if rule.operator not in ScopeRule.Operator.values:
        raise PlanError(f"There is no comparison “{rule.operator}”.")
    if rule.operator in ScopeRule.WITHOUT_VALUE:
        rule.value = None
        return
    is_list = isinstance(rule.value, list)
    if is_list != (rule.operator in ScopeRule.WITH_LIST) or not rule.value:
        raise PlanError(f"Say what {rule.field} {rule.get_operator_display()}.")
    values = rule.value if is_list else [rule.value]
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise PlanError(f"Every value of the rule on {rule.field} must be a text.")


@transaction.atomic
def save_match_rules(connection: Connection, rules: Sequence[MatchRule], *, by: User) -> None:
    """Save the order, and which are switched on; ``rules`` holds each kind once."""
    if sorted(rule.rule for rule in rules) != sorted(MatchRule.Rule.values):
        raise PlanError("Each of the rules must be there once.")
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    saved = {rule.rule: rule for rule in MatchRule.objects.filter(connection=locked)}
    before = [_told(rule) for rule in sorted(saved.values(), key=lambda rule: rule.position)]
    for position, rule in enumerate(rules, 1):
        MatchRule.objects.filter(connection=locked, rule=rule.rule).update(
            position=position, enabled=rule.enabled
        )
    after = [_told(rule) for rule in rules]
    if before != after:
        audit.record(
            "rules.match_changed", locked, by=by, before={"rules": before}, after={"rules": after}
        )


def _told(rule: MatchRule) -> str:
    return f"{rule.get_rule_display()}: {'on' if rule.enabled else 'off'}"
