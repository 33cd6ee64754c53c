"""Who is in, by what Salesforce says about them.

`ScopeRule`s narrow the approaches that choose people by themselves; each rule is known twice here,
for one person and for the database, and a test holds the two together.

- ``in_scope(connection, approach, rules=None) -> Q``
- ``out_of_scope(person, connection, approach, rules=None) -> str | None``; rules may be unsaved.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import CharField, Q, Value
from django.db.models.functions import Lower, Trim
from django.db.models.lookups import Contains, Exact, In

from integrations.models import Approach, Connection, DirectoryUser, ScopeRule

from .user_fields import column_of, value_of
from .user_types import STANDARD_USER, why_no_colleague

#: Approaches that choose people by themselves, and so must not catch the connecting user.
WIDE_APPROACHES = (Approach.AUTOMATIC, Approach.ALL_ACTIVE)
#: Every licence for machines has it in its name: “Salesforce Integration”,
#: “Analytics Cloud Integration User”, “Cloud Integration User”, …
MACHINE_LICENSE = "integration"
#: As many as a connection may have.
MOST_RULES = 20

Operator = ScopeRule.Operator


def persons() -> Q:
    """The Salesforce users who are people inside the company: neither machines nor guests."""
    return Q(user_type=STANDARD_USER) & ~Q(license_name__icontains=MACHINE_LICENSE)


def rules_of(connection: Connection, approach: Approach) -> list[ScopeRule]:
    """The rules that narrow this approach."""
    if approach not in WIDE_APPROACHES:
        return []
    return list(ScopeRule.objects.filter(connection=connection).order_by("position"))


def in_scope(
    connection: Connection, approach: Approach, rules: Sequence[ScopeRule] | None = None
) -> Q:
    """The same rule as `out_of_scope`, for the database."""
    rule = persons() & Q(is_active=True, is_frozen=False, missing_since__isnull=True)
    if approach in WIDE_APPROACHES:
        rule &= ~Q(salesforce_id=connection.connecting_user_id)
    for one in rules_of(connection, approach) if rules is None else rules:
        rule &= holds_in_database(one)
    return rule


def out_of_scope(
    person: DirectoryUser,
    connection: Connection,
    approach: Approach = Approach.ON_DEMAND,
    rules: Sequence[ScopeRule] | None = None,
) -> str | None:
    """Why this person gets no account, in a sentence; ``None`` for somebody who is in."""
    if MACHINE_LICENSE in person.license_name.lower():
        return "Not a person: integration licence"
    if person.user_type != STANDARD_USER:
        return why_no_colleague(person.user_type)
    if not person.is_active:
        return "Left Salesforce"
    if person.is_frozen:
        return "Frozen in Salesforce"
    if person.missing_since is not None:
        return "No longer visible to the connecting user"
    return _out_of_wide_scope(person, connection, approach, rules)


def _out_of_wide_scope(
    person: DirectoryUser,
    connection: Connection,
    approach: Approach,
    rules: Sequence[ScopeRule] | None,
) -> str | None:
    if approach in WIDE_APPROACHES and person.salesforce_id == connection.connecting_user_id:
        return "Not a colleague: the user that connects to Salesforce"
    for rule in rules_of(connection, approach) if rules is None else rules:
        if not holds(rule, person):
            return f"Out of scope: the rule is “{rule}”"
    return None


def holds(rule: ScopeRule, person: DirectoryUser) -> bool:
    """Whether this person is as the rule wants it."""
    value = _folded(value_of(person, rule.field))
    if rule.operator in (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY):
        return (value == "") == (rule.operator == Operator.IS_EMPTY)
    if rule.operator in (Operator.CONTAINS, Operator.NOT_CONTAINS):
        return (_wanted(rule)[0] in value) == (rule.operator == Operator.CONTAINS)
    return (value in _wanted(rule)) == (rule.operator in (Operator.EQUALS, Operator.IN))


def holds_in_database(rule: ScopeRule) -> Q:
    value = Lower(Trim(column_of(rule.field)), output_field=CharField())
    if rule.operator in (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY):
        empty = Q(Exact(value, Value("")))
        return empty if rule.operator == Operator.IS_EMPTY else ~empty
    if rule.operator in (Operator.CONTAINS, Operator.NOT_CONTAINS):
        within = Q(Contains(value, _wanted(rule)[0]))
        return within if rule.operator == Operator.CONTAINS else ~within
    among = Q(In(value, _wanted(rule)))
    return among if rule.operator in (Operator.EQUALS, Operator.IN) else ~among


def _wanted(rule: ScopeRule) -> list[str]:
    values = rule.value if isinstance(rule.value, list) else [rule.value]
    return [_folded(str(value or "")) for value in values] or [""]


def _folded(text: str) -> str:
    return text.strip(" ").lower()
