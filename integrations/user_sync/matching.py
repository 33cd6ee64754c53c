"""To which account does a Salesforce user belong? One candidate is mapped, none is made, and
everything else is a question for a person: signing in to the tab follows the mapping, so a
careless match hands somebody's account to somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.models import User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    MatchRule,
    PlannedChange,
    ScopeRule,
)

from .candidates import BY_EMAIL, BY_FEDERATION_ID, BY_USERNAME, Candidate
from .facts import Facts, enabled_rules, gather
from .scope import WIDE_APPROACHES, out_of_scope, rules_of

Verdict = PlannedChange.Action


@dataclass(frozen=True)
class Match:
    """What importing this person would do, and why, in a sentence for an admin."""

    verdict: PlannedChange.Action
    reason: str
    account_id: int | None = None
    account_name: str = ""
    candidates: list[Candidate] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """What a page showed, short enough for a form field; see `planning.needs_review`."""
        return f"{self.verdict}:{self.account_id or ''}"


class Matcher:
    """Matches any number of people in a constant number of queries."""

    def __init__(
        self,
        connection: Connection,
        *,
        viewer: User | None = None,
        approach: Approach = Approach.ON_DEMAND,
        rules: Sequence[MatchRule] | None = None,
        scope_rules: Sequence[ScopeRule] | None = None,
        policy: str | None = None,
    ) -> None:
        """The connection's own rules and policy, or given ones that are not saved."""
        self.connection = connection
        self.viewer = viewer
        self.approach = approach
        if rules is None:
            rules = enabled_rules(connection)
        self.rules = [rule for rule in rules if rule.enabled]
        self.scope_rules = rules_of(connection, approach) if scope_rules is None else scope_rules
        self.policy = Connection.EmailPolicy(policy or connection.email_policy)
        self.maps_by_email = any(rule.rule == MatchRule.Rule.EMAIL for rule in self.rules)

    def match(self, people: Sequence[DirectoryUser]) -> dict[int, Match]:
        """The verdicts by `DirectoryUser.pk`."""
        facts = self.gather(people)
        return {person.pk: self.decide(facts[person.pk]) for person in people}

    def gather(self, people: Sequence[DirectoryUser]) -> dict[int, Facts]:
        return gather(
            self.connection,
            people,
            approach=self.approach,
            rules=self.rules,
            scope_rules=self.scope_rules,
        )

    def decide(self, facts: Facts) -> Match:
        return decide(
            facts,
            policy=self.policy,
            viewer_id=self.viewer.pk if self.viewer else None,
            not_in_scope=out_of_scope(
                facts.person, self.connection, self.approach, self.scope_rules
            ),
            approach=self.approach,
            maps_by_email=self.maps_by_email,
        )


def decide(
    facts: Facts,
    *,
    policy: Connection.EmailPolicy,
    viewer_id: int | None,
    not_in_scope: str | None,
    approach: Approach = Approach.ON_DEMAND,
    maps_by_email: bool = True,
) -> Match:
    """The whole decision about one person. Asks nobody, changes nothing."""
    if facts.mapping is not None:
        account = facts.mapping.account
        return Match(Verdict.NOTHING, _mapped_already(facts), account.pk, str(account))
    if facts.person.ignored_at is not None:
        because = f": {facts.person.ignored_reason}" if facts.person.ignored_reason else ""
        return Match(Verdict.NOTHING, f"Ignored{because}")
    if not_in_scope is not None:
        return Match(Verdict.NOTHING, not_in_scope)
    if facts.person.unlinked_at is not None and approach in WIDE_APPROACHES:
        return Match(Verdict.NOTHING, f"{_unlinked(facts.person)}: only a person links them again")
    doubt = _doubt(facts, _policy(facts, policy, maps_by_email), viewer_id, approach)
    if doubt is not None:
        return Match(Verdict.CONFLICT, doubt, candidates=list(facts.candidates))
    if facts.candidates:
        only = facts.candidates[0]
        return Match(Verdict.MAP, _why_mapped(only, viewer_id), only.account_id, only.name, [only])
    if unusable := why_unusable(facts.person.email):
        return Match(Verdict.NOTHING, f"Their e-mail in Salesforce {unusable}")
    return Match(Verdict.CREATE, "New account")


def why_unusable(address: str) -> str:
    """What is wrong with an e-mail that somebody is to log in with, in words; else empty."""
    address = address.strip()
    if not address:
        return "is empty: an account needs one"
    if not address.isascii():  # beyond it, PostgreSQL folds otherwise than Python
        return "has letters beyond a to z, which a log-in e-mail cannot have"
    try:
        validate_email(address)
    except ValidationError:
        return "is not a valid address"
    return "" if len(address) <= 254 else "is longer than 254 characters"


def _mapped_already(facts: Facts) -> str:
    assert facts.mapping is not None
    account = facts.mapping.account
    if not facts.mapping.is_current:
        return f"A former Salesforce user of {account}"
    if account.state == User.State.DEACTIVATED:
        return f"Already mapped to {account}, whose account is deactivated"
    if account.state == User.State.PENDING:
        return "Already has an account, which is pending"
    return "Already has an account"


def _policy(
    facts: Facts, policy: Connection.EmailPolicy, maps_by_email: bool
) -> Connection.EmailPolicy:
    """Where the rule for e-mails is off, whoever was found by it alone is never mapped."""
    by_email = bool(facts.candidates) and facts.candidates[0].found_by[0] == BY_EMAIL
    return Connection.EmailPolicy.NEVER if by_email and not maps_by_email else policy


def _unlinked(person: DirectoryUser) -> str:
    because = f" ({person.unlinked_reason})" if person.unlinked_reason else ""
    return f"Unlinked by {person.unlinked_by or 'somebody'}{because}"


def _doubt(
    facts: Facts, policy: Connection.EmailPolicy, viewer_id: int | None, approach: Approach
) -> str | None:
    """Why a person must decide; ``None`` where nobody has to."""
    if facts.person.unlinked_at is not None and approach != Approach.MANUAL:
        return f"{_unlinked(facts.person)}: link them again?"
    if facts.is_support_staff:
        return "This e-mail belongs to somebody of the support staff"
    if facts.sharing.number > 1:
        others = facts.sharing.in_words(facts.person.salesforce_id)
        return f"Same e-mail in Salesforce: {others}"
    if len(facts.candidates) > 1:
        return f"{len(facts.candidates)} accounts may be this person"
    if facts.candidates:
        return _doubt_about(facts.candidates[0], policy, viewer_id)
    return None


def _doubt_about(
    account: Candidate, policy: Connection.EmailPolicy, viewer_id: int | None
) -> str | None:
    same = f"{account.name} has the same {account.found_by[0]}"
    if account.mapped_to:
        return f"{same}, but is mapped to another Salesforce user, {account.mapped_to_name}"
    if not account.is_live:
        return f"{same}, but is deactivated: the same person?"
    if account.account_id == viewer_id:
        return None
    if account.protected:
        return f"{same}, but is protected from every sync"
    if account.role == User.Role.ADMIN:
        return f"{same}, but is a company admin: the same person?"
    if account.found_by[0] == BY_FEDERATION_ID or policy == Connection.EmailPolicy.MAP:
        return None
    if policy == Connection.EmailPolicy.NEVER:
        return f"{same}, and nobody is mapped by e-mail here"
    return f"{same} and has already logged in: the same person?" if account.has_logged_in else None


def _why_mapped(account: Candidate, viewer_id: int | None) -> str:
    if account.account_id == viewer_id:
        return "This is you: maps to your account"
    rule = account.found_by[0]
    if rule == BY_FEDERATION_ID:
        return f"Maps to {account.name}: same federation id"
    known = "has logged in" if account.has_logged_in else "never logged in"
    same = "username is the log-in e-mail" if rule == BY_USERNAME else "same e-mail"
    return f"Maps to {account.name}: {same}, {known}"
