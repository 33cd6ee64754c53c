"""Fields of Salesforce's users that the file's rules need: which are not read, and reading them."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.models import User
from integrations.models import AttributeRule, Connection
from integrations.rounds import why_no_access
from integrations.user_sync import user_fields
from integrations.user_sync.errors import RefreshRefused

from .reading import Config, ConfigWrong


def not_read(connection: Connection, config: Config) -> dict[str, str]:
    """The first place in the file of each field that the list of Salesforce users lacks."""
    places: dict[str, str] = {}
    for place, field in _named(config):
        if field not in places and not user_fields.is_read(connection, field):
            places[field] = place
    return places


def want(connection: Connection, config: Config, *, by: User | None) -> None:
    """Have them read from the next refresh on; asks Salesforce whether there are such fields.

    Raises `ConfigWrong` for those that there are not, SalesforceError, and `RefreshRefused`.
    """
    places = not_read(connection, config)
    if not places:
        return
    if not connection.has_access:
        raise RefreshRefused(why_no_access(connection))
    offered = {field.name for field in user_fields.describe(connection)}
    if unknown := [field for field in places if field not in offered]:
        raise ConfigWrong(
            [
                f"{places[field]}: Salesforce shows no field {field} of users; check its spelling,"
                " capitals too, and that the connecting user may read it"
                for field in unknown
            ]
        )
    for field in places:
        user_fields.want_field(connection, field=field, by=by)


def _named(config: Config) -> Iterator[tuple[str, str]]:
    """Each place that names a field, and the field."""
    for scope_rule in config.scope_rules or ():
        yield f"scope_rules[{scope_rule.position}].field", scope_rule.field
    for rule in config.attribute_rules or ():
        asks = rule.policy != AttributeRule.Policy.NEVER
        if asks and rule.source != AttributeRule.MANAGERS_TEAM:
            yield f"attribute_rules, {rule.attribute}", rule.source
