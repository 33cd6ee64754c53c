"""Reading the file: each thing that is wrong with it is named by its place, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from accounts.bulk_writer import storable
from accounts.models import Team
from integrations.models import AttributeRule, Connection, MatchRule, ScopeRule, TeamSource
from integrations.user_sync.automatic import HIGHEST_LIMIT
from integrations.user_sync.candidates import folded
from integrations.user_sync.deprovisioning import MOST_GRACE
from integrations.user_sync.errors import PlanError
from integrations.user_sync.manual import checked_user_id
from integrations.user_sync.mapping_lines import Line

from .exporting import SETTINGS, VERSION
from .reading_rules import attribute_rules, listed, match_rules, scope_rules

#: The lowest and the highest, as the pages have them.
LIMITS = {"automatic_daily_limit": (1, HIGHEST_LIMIT), "deprovisioning_grace_days": (0, MOST_GRACE)}
#: How many problems fit a line that somebody reads.
PROBLEMS_TOLD = 10
PARTS = ("settings", "match_rules", "scope_rules", "attribute_rules", "mappings")


class ConfigWrong(Exception):
    """What is wrong, each with its place; nothing was changed. As a text, the first of it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        told, more = self.problems[:PROBLEMS_TOLD], len(self.problems) - PROBLEMS_TOLD
        super().__init__("; ".join([*told, f"and {more:,} more"] if more > 0 else told))


@dataclass
class Config:
    """A file that fits its connection; a part that it leaves out is ``None`` and stays as it is."""

    settings: dict[str, Any] | None = None
    match_rules: list[MatchRule] | None = None
    scope_rules: list[ScopeRule] | None = None
    attribute_rules: list[AttributeRule] | None = None
    mappings: list[Line] | None = None


def read(values: Any, connection: Connection) -> Config:
    """Raises `ConfigWrong`."""
    if not isinstance(values, dict) or not _is_version(values.get("version")):
        raise ConfigWrong([f"version: this is not a configuration of version {VERSION}"])
    _check_texts(values)
    config = Config()
    unknown = values.keys() - {"version", "org_id", *PARTS}
    problems = [f"{name}: unknown" for name in sorted(unknown)]
    if "settings" in values:
        config.settings = _settings(values["settings"], connection, problems)
    if "match_rules" in values:
        config.match_rules = match_rules(values, connection, problems)
    if "scope_rules" in values:
        config.scope_rules = scope_rules(values, connection, problems)
    if "attribute_rules" in values:
        config.attribute_rules = attribute_rules(values, connection, problems)
    if "mappings" in values:
        config.mappings = _mappings(values, connection, problems)
    if problems:
        raise ConfigWrong(problems)
    return config


def _is_version(value: Any) -> bool:
    """Python takes ``true`` and ``1.0`` for 1, which JSON does not mean."""
    return type(value) is int and value == VERSION


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
    if isinstance(model_field, models.IntegerField) and type(value) is not int:
        raise ValidationError("must be a whole number")
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


def _mappings(values: dict[str, Any], connection: Connection, problems: list[str]) -> list[Line]:
    """Whether they are anybody's is checked when they are planned."""
    if connection.org_id and values.get("org_id") not in (None, "", connection.org_id):
        problems.append(
            f"mappings: they are of another Salesforce org ({values['org_id']}); leave them out"
        )
        return []
    lines = []
    for number, row in enumerate(listed(values, "mappings", problems), 1):
        try:
            lines.append(_mapping(number, row))
        except PlanError as error:
            problems.append(f"mappings[{number}]: {error}")
    return lines


def _mapping(number: int, row: Any) -> Line:
    """Raises `PlanError`."""
    if not isinstance(row, dict) or row.keys() != {"salesforce_user_id", "account"}:
        raise PlanError("must have the fields salesforce_user_id and account")
    salesforce_id, email = row["salesforce_user_id"], row["account"]
    if not isinstance(salesforce_id, str) or not isinstance(email, str) or not email.strip():
        raise PlanError("salesforce_user_id and account must be texts, and not empty")
    return Line(number, checked_user_id(salesforce_id), folded(email))


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
