"""What is known about a Salesforce user and the accounts they may be: read in a constant number of
queries for any number of people, kept as the basis of a decision, and compared with it later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    MatchRule,
    ScopeRule,
    UserMapping,
)

from .candidates import Accounts, Candidate, folded
from .scope import rules_of
from .sharing import Sharing, sharing_by_address
from .user_fields import value_of


@dataclass(frozen=True)
class Facts:
    """Everything that a decision about one person rests on."""

    person: DirectoryUser
    mapping: UserMapping | None
    candidates: tuple[Candidate, ...]
    sharing: Sharing  # of their e-mail with other people in Salesforce
    is_support_staff: bool  # whether somebody of the support staff has this e-mail
    scope_values: dict[str, str] = field(default_factory=dict)  # what the scope rules look at

    def as_basis(self) -> dict[str, Any]:
        """The same in JSON, without what a decision does not rest on."""
        person = self.person
        return {
            "name": person.name,
            "email": folded(person.email),
            "username": folded(person.username),
            "federation_id": person.federation_id,
            "department": person.department,
            "role_name": person.role_name,
            "user_type": person.user_type,
            "license": person.license_name,
            "is_active": person.is_active,
            "is_frozen": person.is_frozen,
            "is_missing": person.missing_since is not None,
            "is_ignored": person.ignored_at is not None,
            "is_unlinked": person.unlinked_at is not None,
            "scope": self.scope_values,
            "mapped_account": self.mapping.account_id if self.mapping else None,
            "sharing": self.sharing.number,
            "is_support_staff": self.is_support_staff,
            "accounts": {str(one.account_id): one.as_basis() for one in self.candidates},
        }


def gather(
    connection: Connection,
    people: Sequence[DirectoryUser],
    *,
    approach: Approach = Approach.ON_DEMAND,
    rules: Sequence[MatchRule] | None = None,
    scope_rules: Sequence[ScopeRule] | None = None,
) -> dict[int, Facts]:
    """The facts by `DirectoryUser.pk`, in at most nine queries; by rules not yet saved if given."""
    scope_rules = rules_of(connection, approach) if scope_rules is None else scope_rules
    fields = {rule.field for rule in scope_rules}
    mappings = _mappings(connection, people)
    accounts = Accounts(connection, people, enabled_rules(connection) if rules is None else rules)
    sharing = sharing_by_address(connection, {folded(person.email) for person in people})
    return {
        person.pk: Facts(
            person=person,
            mapping=mappings.get(person.salesforce_id),
            candidates=accounts.candidates(person),
            sharing=sharing.get(folded(person.email), Sharing()),
            is_support_staff=folded(person.email) in accounts.support_addresses,
            scope_values={name: value_of(person, name) for name in fields},
        )
        for person in people
    }


def _mappings(connection: Connection, people: Sequence[DirectoryUser]) -> dict[str, UserMapping]:
    """By Salesforce id."""
    mappings = UserMapping.objects.filter(
        connection=connection, salesforce_user_id__in=[one.salesforce_id for one in people]
    )
    return {one.salesforce_user_id: one for one in mappings.select_related("account", "created_by")}


def enabled_rules(connection: Connection) -> list[MatchRule]:
    return list(MatchRule.objects.filter(connection=connection, enabled=True).order_by("position"))
