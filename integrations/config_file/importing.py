"""Bringing a file into a connection: settings and rules at once, mappings as a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from integrations.models import AttributeRule, Connection, MatchRule, ScopeRule, SyncPlan
from integrations.user_sync.candidates import folded
from integrations.user_sync.mapping_lines import BadLines, Line, plan_lines
from integrations.user_sync.trying import try_scope_rules

from .exporting import exported
from .fields import not_read
from .reading import PARTS, Config, ConfigWrong


@dataclass
class Imported:
    """What became different, as before and after by part; and the plan of the mappings."""

    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    plan: SyncPlan | None = None


@transaction.atomic
def bring_in(
    connection: Connection, config: Config, *, by: User | None, confirmed: bool = False
) -> Imported:
    """Write settings and rules, and draft the mappings that are missing or others.

    Raises `ConfigWrong` where a rule's field is not read from Salesforce yet, a mapping cannot be
    planned, or the scope rules leave out most of who is in and nobody ``confirmed`` that; nothing
    is changed then.
    """
    connection = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    before = exported(connection)
    _refuse_unread_fields(connection, config)
    if not confirmed:
        _refuse_a_suspicious_scope(connection, config)
    _write(connection, config)
    after = exported(connection)
    imported = Imported(
        {part: (before[part], after[part]) for part in PARTS if before[part] != after[part]}
    )
    if imported.changes:
        audit.record(
            "configuration.imported",
            connection,
            by=by,
            before={part: was for part, (was, _) in imported.changes.items()},
            after={part: now for part, (_, now) in imported.changes.items()},
        )
    if lines := _missing(before["mappings"], config.mappings or ()):
        imported.plan = _planned(connection, lines, by)
    return imported


def _refuse_unread_fields(connection: Connection, config: Config) -> None:
    if places := not_read(connection, config):
        raise ConfigWrong(
            [
                f"{place}: {field} is not read from Salesforce yet; --refresh has it read first"
                for field, place in places.items()
            ]
        )


def _refuse_a_suspicious_scope(connection: Connection, config: Config) -> None:
    if config.scope_rules is None:
        return
    trial = try_scope_rules(connection, config.scope_rules)
    if trial.is_suspicious:
        raise ConfigWrong(
            [
                f"scope_rules: of {trial.before} people who are in now, they leave {trial.inside};"
                " if that is right, say --confirmed"
            ]
        )


def _write(connection: Connection, config: Config) -> None:
    _write_settings(connection, config)
    _replace(MatchRule, connection, config.match_rules)
    _replace(ScopeRule, connection, config.scope_rules)
    _merge_attribute_rules(connection, config.attribute_rules)


def _write_settings(connection: Connection, config: Config) -> None:
    for name, value in (config.settings or {}).items():
        setattr(connection, name, value)
    if config.settings:
        connection.save(update_fields=list(config.settings))


def _replace(
    model: type[MatchRule] | type[ScopeRule],
    connection: Connection,
    rules: Sequence[MatchRule | ScopeRule] | None,
) -> None:
    if rules is None:
        return
    rows: models.Manager[Any] = model._default_manager
    rows.filter(connection=connection).delete()
    rows.bulk_create(rules)


def _merge_attribute_rules(connection: Connection, rules: Sequence[AttributeRule] | None) -> None:
    """Each attribute keeps the day since when it follows its policy, where that is the same."""
    if rules is None:
        return
    named = {rule.attribute: rule for rule in rules}
    known = {rule.attribute: rule for rule in connection.attribute_rules.all()}
    for attribute, rule in named.items():
        old = known.get(attribute)
        if old is None:
            rule.save()
        elif (old.policy, old.source) != (rule.policy, rule.source):
            if old.policy != rule.policy:
                old.policy_since = timezone.now()
            old.policy, old.source = rule.policy, rule.source
            old.save(update_fields=["policy", "source", "policy_since"])


def _missing(known: Sequence[dict[str, str]], lines: Sequence[Line]) -> list[Line]:
    """Those that are not there yet, or lead elsewhere."""
    there = {(row["salesforce_user_id"], folded(row["account"])) for row in known}
    return [line for line in lines if (line.salesforce_id, line.email) not in there]


def _planned(connection: Connection, lines: Sequence[Line], by: User | None) -> SyncPlan:
    if by is None:
        raise ConfigWrong(["mappings: somebody must say that they are right: --by EMAIL"])
    try:
        return plan_lines(connection, lines, by=by)
    except BadLines as error:
        problems = [f"mappings[{line.number}]: {line.problem}" for line in error.lines]
        raise ConfigWrong(problems) from error
