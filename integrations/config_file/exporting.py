"""Writing the file."""

from __future__ import annotations

from typing import Any

from integrations.models import Connection

VERSION = 1
SETTINGS = (
    "email_policy",
    "automatic_is_on",
    "automatic_accounts",
    "automatic_team_source",
    "automatic_daily_limit",
    "deprovisioning",
    "deprovisioning_grace_days",
)


def exported(connection: Connection) -> dict[str, Any]:
    """Everything that an admin has set up, as JSON can hold it."""
    team = connection.automatic_team
    return {
        "version": VERSION,
        "org_id": connection.org_id,
        "settings": {name: getattr(connection, name) for name in SETTINGS}
        | {"automatic_team": team.name if team else None},
        "match_rules": [
            {"rule": rule.rule, "enabled": rule.enabled}
            for rule in connection.match_rules.order_by("position")
        ],
        "scope_rules": [
            {"field": rule.field, "operator": rule.operator, "value": rule.value}
            for rule in connection.scope_rules.order_by("position")
        ],
        "attribute_rules": [
            {"attribute": rule.attribute, "policy": rule.policy, "source": rule.source}
            for rule in connection.attribute_rules.order_by("attribute")
        ],
        "mappings": [
            {"salesforce_user_id": salesforce_id, "account": email}
            for salesforce_id, email in connection.mappings.filter(is_current=True)
            .order_by("salesforce_user_id")
            .values_list("salesforce_user_id", "account__email")
        ],
    }
