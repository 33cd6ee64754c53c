"""What there is for a person to do about people who have an account: a query each."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower, Trim

from accounts.models import User
from integrations.models import Approach, AttributeRule, Connection, DirectoryUser, UserMapping

from .scope import holds_in_database, rules_of
from .user_fields import column_of


def pending(connection: Connection) -> QuerySet[UserMapping]:
    mapped = UserMapping.objects.filter(connection=connection, is_current=True)
    return mapped.filter(account__state=User.State.PENDING).select_related("account")


def email_differs(connection: Connection) -> QuerySet[UserMapping]:
    """The log-in e-mail is not the one in Salesforce: it never changes by itself."""
    other = _person_of_mapping().exclude(email="").exclude(email__iexact=OuterRef("account__email"))
    live = UserMapping.objects.filter(
        connection=connection, is_current=True, account__state__in=User.STATES_HOLDING_ADDRESS
    )
    return live.filter(Exists(other)).select_related("account")


def out_of_scope(connection: Connection) -> QuerySet[UserMapping]:
    """Accounts whose people the rules leave out, or who can no longer be seen. Nothing is done."""
    outside = Q(missing_since__isnull=False)
    for rule in rules_of(connection, Approach.AUTOMATIC):
        outside |= ~holds_in_database(rule)
    people = _person_of_mapping().filter(outside, is_active=True)
    live = UserMapping.objects.filter(
        connection=connection, is_current=True, account__state=User.State.ACTIVE
    )
    return live.filter(Exists(people)).select_related("account")


def unknown_teams(connection: Connection) -> QuerySet[Any]:
    """Texts in Salesforce, from which accounts would take their team, for which there is none.

    One row a text, with ``people`` who have it; what most people have comes first.
    """
    people = DirectoryUser.objects.filter(connection=connection)
    rule = _rule_of_teams(connection)
    if rule is None:
        return people.none().values("name")
    teams = connection.company.teams.annotate(folded=Lower("name")).values("folded")
    column = Trim(column_of(rule.source))
    return (
        people.annotate(text=column, folded=Lower(column))
        .filter(Exists(_followers(rule)), is_active=True, missing_since__isnull=True)
        .exclude(text="")
        .exclude(folded__in=teams)
        .values("text")
        .annotate(people=Count("pk"))
        .order_by("-people", "text")
    )


def _rule_of_teams(connection: Connection) -> AttributeRule | None:
    """The rule that takes teams from a text in Salesforce, where one does."""
    rules = AttributeRule.objects.filter(
        connection=connection, attribute=AttributeRule.Attribute.TEAM
    )
    return (
        rules.exclude(policy=AttributeRule.Policy.NEVER)
        .exclude(source=AttributeRule.MANAGERS_TEAM)
        .first()
    )


def _followers(rule: AttributeRule) -> QuerySet[UserMapping]:
    """Mappings, of the person of an outer query, to an account that takes its team by the rule."""
    mapped: QuerySet[UserMapping] = UserMapping.objects.filter(
        connection=OuterRef("connection"),
        salesforce_user_id=OuterRef("salesforce_id"),
        is_current=True,
        account__protected=False,
        account__state__in=User.STATES_HOLDING_ADDRESS,
    )
    if rule.policy == AttributeRule.Policy.FILL:
        mapped = mapped.filter(account__team__isnull=True)
    return mapped


def _person_of_mapping() -> QuerySet[DirectoryUser]:
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        connection=OuterRef("connection"), salesforce_id=OuterRef("salesforce_user_id")
    )
    return people
