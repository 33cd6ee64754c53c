"""Reading the rules of the file, as strictly as their pages take them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from accounts.management.errors import one_line
from integrations.models import AttributeRule, Connection, MatchRule, ScopeRule
from integrations.user_sync.scope import MOST_RULES

Rule = TypeVar("Rule", MatchRule, ScopeRule, AttributeRule)


def match_rules(
    values: dict[str, Any], connection: Connection, problems: list[str]
) -> list[MatchRule]:
    rules = _rows(MatchRule, ("rule", "enabled"), values, "match_rules", connection, problems)
    _check_each_once([rule.rule for rule in rules], "match_rules", problems)
    missing = set(MatchRule.Rule.values) - {rule.rule for rule in rules}
    problems += [f"match_rules: “{name}” is missing" for name in sorted(missing)]
    return rules


def scope_rules(
    values: dict[str, Any], connection: Connection, problems: list[str]
) -> list[ScopeRule]:
    given = values["scope_rules"]
    if isinstance(given, list) and len(given) > MOST_RULES:
        problems.append(f"scope_rules: there are {len(given):,}, and {MOST_RULES} at most are kept")
        return []
    fields = ("field", "operator", "value")
    rules = _rows(ScopeRule, fields, values, "scope_rules", connection, problems)
    for rule in rules:
        try:
            rule.value = _scope_value(rule)
        except ValidationError as error:
            problems.append(f"scope_rules[{rule.position}].value: {one_line(error)}")
    return rules


def _scope_value(rule: ScopeRule) -> Any:
    """With what the rule compares, as strictly as the page takes it. Raises ValidationError."""
    if rule.operator in ScopeRule.WITHOUT_VALUE:
        return None
    needs_list = rule.operator in ScopeRule.WITH_LIST
    texts = rule.value if needs_list else [rule.value]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        needed = "a list of texts" if needs_list else "a text"
        raise ValidationError(f"“{rule.get_operator_display()}” needs {needed}")
    if not texts or not all(text.strip() for text in texts):
        raise ValidationError("must not be empty")
    return rule.value


def attribute_rules(
    values: dict[str, Any], connection: Connection, problems: list[str]
) -> list[AttributeRule]:
    fields = ("attribute", "policy", "source")
    rules = _rows(AttributeRule, fields, values, "attribute_rules", connection, problems)
    _check_each_once([rule.attribute for rule in rules], "attribute_rules", problems)
    problems += [
        f"attribute_rules, {rule.attribute}: only a team comes from the manager"
        for rule in rules
        if rule.source == AttributeRule.MANAGERS_TEAM and rule.account_field != "team_id"
    ]
    return rules


def _rows(
    model: type[Rule],
    fields: Sequence[str],
    values: dict[str, Any],
    part: str,
    connection: Connection,
    problems: list[str],
) -> list[Rule]:
    """The rules of one part, not saved yet, in the file's order."""
    rules = []
    for number, row in enumerate(listed(values, part, problems), 1):
        place = f"{part}[{number}]"
        if not isinstance(row, dict) or row.keys() - set(fields):
            problems.append(f"{place}: must have the fields {', '.join(fields)} and no others")
            continue
        rule = model(company_id=connection.company_id, connection=connection, **row)
        if isinstance(rule, (MatchRule, ScopeRule)):
            rule.position = number
        try:
            rule.clean_fields(exclude=["company", "connection"])
        except ValidationError as error:
            problems.append(f"{place}: {one_line(error)}")
            continue
        rules.append(rule)
    return rules


def _check_each_once(rules: Sequence[str], part: str, problems: list[str]) -> None:
    twice = sorted(name for name, times in Counter(rules).items() if times > 1)
    problems += [f"{part}: “{name}” is there twice" for name in twice]


def listed(values: dict[str, Any], part: str, problems: list[str]) -> list[Any]:
    rows = values[part]
    if isinstance(rows, list):
        return rows
    problems.append(f"{part}: must be a list")
    return []
