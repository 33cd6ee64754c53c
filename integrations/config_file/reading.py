"""Reading the file: each thing that is wrong with it is named by its place, all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from accounts.bulk_writer import storable
from accounts.management.errors import one_line
from accounts.models import Team
from integrations.models import AttributeRule, Connection, MatchRule, ScopeRule, TeamSource
from integrations.user_sync.automatic import HIGHEST_LIMIT
from integrations.user_sync.deprovisioning import MOST_GRACE
from integrations.user_sync.user_fields import is_read

from .exporting import SETTINGS, VERSION

NOT_READ = "{} is not read from Salesforce yet: choose it once on the page of these rules"
Rule = TypeVar("Rule", MatchRule, ScopeRule, AttributeRule)

#: The lowest and the highest, as the pages have them.
LIMITS = {"automatic_daily_limit": (1, HIGHEST_LIMIT), "deprovisioning_grace_days": (0, MOST_GRACE)}
PARTS = ("settings", "match_rules", "scope_rules", "attribute_rules", "mappings")


class ConfigWrong(Exception):
    """What is wrong, each with its place; nothing was changed."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


@dataclass
class Config:
    """A file that fits its connection; a part that it leaves out is ``None`` and stays as it is."""

    settings: dict[str, Any] | None = None
    match_rules: list[MatchRule] | None = None
    scope_rules: list[ScopeRule] | None = None
    attribute_rules: list[AttributeRule] | None = None
    #: Salesforce user id and e-mail of the account.
    mappings: list[tuple[str, str]] | None = None
    problems: list[str] = field(default_factory=list)


def read(values: Any, connection: Connection) -> Config:
    """Raises `ConfigWrong`."""
    if not isinstance(values, dict) or values.get("version") != VERSION:
        raise ConfigWrong([f"version: this is no configuration of version {VERSION}"])
    _check_texts(values)
    config = Config()
    unknown = values.keys() - {"version", "org_id", *PARTS}
    config.problems += [f"{name}: unknown" for name in sorted(unknown)]
    if "settings" in values:
        config.settings = _settings(values["settings"], connection, config.problems)
    wrong = config.problems
    if "match_rules" in values:
        fields: tuple[str, ...] = ("rule", "enabled")
        config.match_rules = _rows(MatchRule, fields, values, "match_rules", connection, wrong)
        _check_each_once([rule.rule for rule in config.match_rules], "match_rules", wrong)
        missing = set(MatchRule.Rule.values) - {rule.rule for rule in config.match_rules}
        wrong += [f"match_rules: “{name}” is missing" for name in sorted(missing)]
    if "scope_rules" in values:
        fields = ("field", "operator", "value")
        config.scope_rules = _rows(ScopeRule, fields, values, "scope_rules", connection, wrong)
        _check_scope_rules(config.scope_rules, connection, wrong)
    if "attribute_rules" in values:
        fields = ("attribute", "policy", "source")
        rules = _rows(AttributeRule, fields, values, "attribute_rules", connection, wrong)
        _check_each_once([rule.attribute for rule in rules], "attribute_rules", wrong)
        _check_sources(rules, connection, wrong)
        config.attribute_rules = rules
    if "mappings" in values:
        config.mappings = _mappings(values, connection, config.problems)
    if config.problems:
        raise ConfigWrong(config.problems)
    return config


def _settings(values: Any, connection: Connection, problems: list[str]) -> dict[str, Any]:
    if not isinstance(values, dict):
        problems.append("settings: must be an object")
        return {}
    read: dict[str, Any] = {}
    for name, value in values.items():
        place = f"settings.{name}"
        if name == "automatic_team":
            read["automatic_team"] = _team(value, connection, problems)
        elif name not in SETTINGS:
            problems.append(f"{place}: unknown")
        else:
            try:
                read[name] = _clean(connection, name, value)
            except ValidationError as error:
                problems.append(f"{place}: {' '.join(error.messages)}")
    source = read.get("automatic_team_source", connection.automatic_team_source)
    team = read.get("automatic_team", connection.automatic_team)
    if source == TeamSource.CHOSEN and team is None:
        problems.append("settings.automatic_team: a chosen team must be named")
    return read


def _clean(connection: Connection, name: str, value: Any) -> Any:
    """The value, as strictly as the pages take it. Raises ValidationError."""
    model_field = connection._meta.get_field(name)
    assert isinstance(model_field, models.Field)
    if isinstance(model_field, models.BooleanField) and not isinstance(value, bool):
        raise ValidationError("must be true or false")
    cleaned = model_field.clean(value, connection)
    if name in LIMITS:
        lowest, highest = LIMITS[name]
        if not lowest <= cleaned <= highest:
            raise ValidationError(f"must be from {lowest} to {highest}")
    return cleaned


def _team(name: Any, connection: Connection, problems: list[str]) -> Team | None:
    if name is None:
        return None
    team = Team.objects.filter(company=connection.company_id, name__iexact=str(name)).first()
    if team is None:
        problems.append(f"settings.automatic_team: there is no team “{name}”")
    return team


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
    for number, row in enumerate(_list(values, part, problems), 1):
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


def _check_scope_rules(
    rules: Sequence[ScopeRule], connection: Connection, problems: list[str]
) -> None:
    for rule in rules:
        if not is_read(connection, rule.field):
            problems.append(f"scope_rules[{rule.position}].field: {NOT_READ.format(rule.field)}")
        place = f"scope_rules[{rule.position}].value"
        if rule.operator in ScopeRule.WITHOUT_VALUE:
            continue
        if rule.operator in ScopeRule.WITH_LIST:
            if not (isinstance(rule.value, list) and all(isinstance(x, str) for x in rule.value)):
                problems.append(f"{place}: “{rule.get_operator_display()}” needs a list of texts")
        elif not isinstance(rule.value, str):
            problems.append(f"{place}: “{rule.get_operator_display()}” needs a text")
        if rule.value in ("", []) or (isinstance(rule.value, list) and "" in rule.value):
            problems.append(f"{place}: must not be empty")


def _check_sources(
    rules: Sequence[AttributeRule], connection: Connection, problems: list[str]
) -> None:
    for rule in rules:
        if rule.policy == AttributeRule.Policy.NEVER or rule.source == AttributeRule.MANAGERS_TEAM:
            continue
        if not is_read(connection, rule.source):
            problems.append(f"attribute_rules, {rule.attribute}: {NOT_READ.format(rule.source)}")


def _mappings(
    values: dict[str, Any], connection: Connection, problems: list[str]
) -> list[tuple[str, str]]:
    """Id and e-mail; whether these are anybody's is checked when they are planned."""
    if connection.org_id and values.get("org_id") not in (None, "", connection.org_id):
        problems.append(
            f"mappings: they are of another Salesforce org ({values['org_id']}); leave them out"
        )
        return []
    pairs = []
    for number, row in enumerate(_list(values, "mappings", problems), 1):
        if isinstance(row, dict) and row.keys() == {"salesforce_user_id", "account"}:
            # One line each, for they are planned as lines of a file are.
            pairs.append((_one_line(row["salesforce_user_id"]), _one_line(row["account"])))
        else:
            problems.append(
                f"mappings[{number}]: must have the fields salesforce_user_id and account"
            )
    return pairs


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())


def _check_texts(values: Any) -> None:
    if any(storable(text) != text for text in _texts(values)):
        raise ConfigWrong(["a text holds a character that cannot be kept, such as \\u0000"])


def _texts(values: Any) -> Iterator[str]:
    """All texts of a JSON value, names included, however deep."""
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


def _list(values: dict[str, Any], part: str, problems: list[str]) -> list[Any]:
    rows = values[part]
    if isinstance(rows, list):
        return rows
    problems.append(f"{part}: must be a list")
    return []
