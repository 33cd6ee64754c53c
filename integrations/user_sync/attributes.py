"""Accounts follow what Salesforce says about their people, each attribute by its `AttributeRule`.

- ``plan_attributes(connection, by=None) -> SyncPlan | None``: the differences; held if many;
- ``preview(connection, rules) -> list[Difference]`` for rules not yet saved;
- ``follows_salesforce(account) -> dict[str, AttributeRule]``: what is read-only on the account;
- ``change_rule(rule, policy=..., source=..., by=...)``.

The log-in e-mail is never among them: a difference is work for a person,
`account_work.email_differs`. So is a text that names no team, `account_work.unknown_teams`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Team, User
from integrations.leases import LeaseTaken, held_lease
from integrations.models import (
    Approach,
    AttributeRule,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    UserMapping,
)

from . import approving, held
from .declined import declined_updates
from .plan_rows import CHUNK, Row, draft, time_zones
from .teams import key_of
from .updating import FIELDS, LABELS
from .user_fields import MIRRORED, value_of

Attribute = AttributeRule.Attribute
Policy = AttributeRule.Policy
State = SyncPlan.State

#: More than both of these wait for a person: one wrong rule must not rename a company.
HELD_PEOPLE = 20
HELD_SHARE = 0.10


@dataclass
class Difference:
    """What one account would become: by field of the account, what it is and what it would be."""

    person: DirectoryUser
    account: User
    values: dict[str, list[Any]] = field(default_factory=dict)


def plan_attributes(connection: Connection, *, by: User | None = None) -> SyncPlan | None:
    """A plan of the differences, or ``None`` for none. Waits while an earlier one is in hand."""
    try:
        with held_lease(f"attributes:{connection.pk}"), transaction.atomic():
            return _plan(connection, by)
    except LeaseTaken:
        return None


def _plan(connection: Connection, by: User | None) -> SyncPlan | None:
    in_hand = (State.STOPPED, State.NEEDS_A_PERSON, *SyncPlan.STATES_UNDER_WAY)
    plans = SyncPlan.objects.filter(
        connection=connection, kind=SyncPlan.Kind.ATTRIBUTES, approach=Approach.AUTOMATIC
    )
    if plans.filter(state__in=in_hand).exists():
        return None
    differing = list(_not_declined(connection))
    _end_moot(plans, differing)
    if not differing or plans.filter(state=State.HELD).exists():
        return None
    rows = [(one.person, _row(one)) for one in differing]
    plan = draft(connection, SyncPlan.Kind.ATTRIBUTES, Approach.AUTOMATIC, rows, by=by)
    mapped = UserMapping.objects.filter(connection=connection, is_current=True).count()
    if len(differing) > HELD_PEOPLE and len(differing) > HELD_SHARE * mapped:
        _hold(plan, len(differing))
    else:
        approving.approve(plan, by=by)
    return plan


def _end_moot(plans: QuerySet[SyncPlan], differing: Iterable[Difference]) -> None:
    """Nobody is asked about values that are equal again, or others, in Salesforce or here."""
    differ = {
        (one.account.pk, name, *values) for one in differing for name, values in one.values.items()
    }
    for plan in plans.filter(state=State.HELD):
        asked = plan.changes.values_list("account", "values__account")
        if not any(
            (account, name, *values) in differ
            for account, fields in asked
            for name, values in fields.items()
        ):
            held.end(plans.filter(pk=plan.pk), "none of these differences is there any more.")


def _not_declined(connection: Connection) -> Iterator[Difference]:
    """The differences, without the values that a person refused or reverted."""
    rules = list(AttributeRule.objects.filter(connection=connection))
    differing = preview(connection, rules)
    declined = declined_updates(connection, rules, [one.account.pk for one in differing])
    for one in differing:
        one.values = {
            name: values
            for name, values in one.values.items()
            if (one.account.pk, name, *values) not in declined
        }
        if one.values:
            yield one


def _hold(plan: SyncPlan, accounts: int) -> None:
    plan.state = State.HELD
    plan.held_reason = (
        f"{accounts} accounts would be changed at once. If a rule is wrong, mend it; if this is"
        " right, update them."
    )
    plan.save(update_fields=["state", "held_reason"])
    audit.record("plan.held", plan, by=None, after={"rows": accounts})


def _row(difference: Difference) -> Row:
    names = " and ".join(LABELS[name] for name in difference.values)
    return {
        "action": PlannedChange.Action.UPDATE,
        "reason": f"Another {names} in Salesforce",
        "account": difference.account.pk,
        "account_name": str(difference.account),
        "values": {"account": difference.values},
        "basis": {"mapped_account": difference.account.pk},
    }


def preview(connection: Connection, rules: Sequence[AttributeRule]) -> list[Difference]:
    """What these rules, saved or not, would change now; a few queries a thousand accounts."""
    rules = [rule for rule in rules if rule.policy != Policy.NEVER]
    if not rules:
        return []
    comparison = _Comparison(connection, rules)
    mappings = (
        UserMapping.objects.filter(
            connection=connection,
            is_current=True,
            account__protected=False,
            account__state__in=User.STATES_HOLDING_ADDRESS,
        )
        .select_related("account")
        .only("salesforce_user_id", "account__email", *(f"account__{name}" for name in FIELDS))
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    )
    found: list[Difference] = []
    while chunk := list(islice(mappings, CHUNK)):
        found += comparison.of(chunk)
    return found


#: Of each person, beside what the rules take: who it is, and after whom the team may go.
_READ = ("connection", "salesforce_id", "name", "username", "email", "manager_id_in_salesforce")


class _Comparison:
    def __init__(self, connection: Connection, rules: Sequence[AttributeRule]) -> None:
        self.connection = connection
        self.rules = rules
        teams = Team.objects.filter(company=connection.company_id)
        self.team_ids = {key_of(team.name): team.pk for team in teams}

    def of(self, mappings: Sequence[UserMapping]) -> Iterator[Difference]:
        people = {
            person.salesforce_id: person
            for person in DirectoryUser.objects.filter(
                connection=self.connection,
                salesforce_id__in=[one.salesforce_user_id for one in mappings],
                is_active=True,
                missing_since__isnull=True,
            ).only(*_READ, *(MIRRORED.get(rule.source, "extra") for rule in self.rules))
        }
        managers = self._managers_teams(people.values())
        for mapping in mappings:
            if person := people.get(mapping.salesforce_user_id):
                difference = Difference(person, mapping.account)
                for rule in self.rules:
                    self._compare(difference, rule, managers)
                if difference.values:
                    yield difference

    def _compare(
        self, difference: Difference, rule: AttributeRule, managers: dict[str, int | None]
    ) -> None:
        name = rule.account_field
        now = getattr(difference.account, name)
        if rule.policy == Policy.FILL and now:
            return
        new = self._value(difference.person, rule, managers)
        if new and new != now:
            difference.values[name] = [now, new]

    def _value(
        self, person: DirectoryUser, rule: AttributeRule, managers: dict[str, int | None]
    ) -> str | int | None:
        """What Salesforce says; empty where it says nothing, which changes nothing here."""
        if rule.attribute == Attribute.TEAM:
            if rule.source == AttributeRule.MANAGERS_TEAM:
                return managers.get(person.manager_id_in_salesforce)
            return self.team_ids.get(key_of(value_of(person, rule.source)))
        text = value_of(person, rule.source).strip()
        if rule.attribute == Attribute.TIME_ZONE:
            return text if text in time_zones() else ""
        return text[:200]

    def _managers_teams(self, people: Iterable[DirectoryUser]) -> dict[str, int | None]:
        ids = {person.manager_id_in_salesforce for person in people} - {""}
        return dict(
            UserMapping.objects.filter(
                connection=self.connection, salesforce_user_id__in=ids
            ).values_list("salesforce_user_id", "account__team_id")
        )


def follows_salesforce(account: User) -> dict[str, AttributeRule]:
    """What Salesforce wins for this account, by attribute: read-only here, since when it says."""
    rules = AttributeRule.objects.filter(
        policy=Policy.SALESFORCE,
        connection__mappings__account=account,
        connection__mappings__is_current=True,
    ).select_related("connection")
    return {} if account.protected else {rule.attribute: rule for rule in rules}


@transaction.atomic
def change_rule(rule: AttributeRule, *, policy: str, source: str, by: User) -> None:
    before = {"policy": rule.policy, "source": rule.source}
    after = {"policy": policy, "source": source}
    if before == after:
        return
    if policy != rule.policy:
        rule.policy_since = timezone.now()
    rule.policy, rule.source = policy, source
    rule.save()
    audit.record("rule.attribute_changed", rule, by=by, before=before, after=after)
