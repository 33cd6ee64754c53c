"""The work list of a connection: what waits for a person, each a query that a list can filter by.

- ``work_list(connection) -> list[Work]``: a count each, without the zeros, in a constant number of
  queries; each item's ``key`` names the function here that gives its rows;
- ``rows(key, connection) -> QuerySet``: those rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from integrations.models import (
    AccessRequest,
    Approach,
    AttributeRule,
    Connection,
    DirectoryUser,
    Evaluation,
    MatchRule,
    PlannedChange,
    SyncPlan,
    UserMapping,
)

from . import leavers
from .scope import holds_in_database, in_scope, rules_of
from .user_fields import column_of

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome


@dataclass(frozen=True)
class Work:
    key: str
    label: str
    count: int


def work_list(connection: Connection) -> list[Work]:
    """In the order of urgency; empty means that there is nothing to do."""
    found = [Work(key, label, rows(key, connection).count()) for key, label in LABELS.items()]
    return [work for work in found if work.count]


def rows(key: str, connection: Connection) -> QuerySet[Any]:
    return _QUERIES[key](connection)


def without_account(connection: Connection) -> QuerySet[DirectoryUser]:
    """People in scope of On demand without a mapping, neither ignored nor unlinked."""
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        in_scope(connection, Approach.ON_DEMAND),
        ~Exists(_mapping_of_person()),
        connection=connection,
        ignored_at__isnull=True,
        unlinked_at__isnull=True,
    )
    return people.defer("search")


def new_people(connection: Connection) -> QuerySet[DirectoryUser]:
    """Without an account, in no conflict, and nobody's suggested match."""
    return without_account(connection).filter(~Exists(_undecided()), ~_has_candidate(connection))


def suggested_matches(connection: Connection) -> QuerySet[DirectoryUser]:
    """Without an account, while one that is not mapped is found by the rules: also those for whom
    nothing was found earlier.
    """
    return without_account(connection).filter(_has_candidate(connection), ~Exists(_undecided()))


def conflicts(connection: Connection) -> QuerySet[DirectoryUser]:
    """Without an account since a plan left the decision open, or waiting in one."""
    return without_account(connection).filter(Exists(_undecided()))


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


def held_plans(connection: Connection) -> QuerySet[SyncPlan]:
    return SyncPlan.objects.filter(connection=connection, state=SyncPlan.State.HELD)


def open_requests(connection: Connection) -> QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(
        connection=connection, decision="", withdrawn_at__isnull=True
    )


def not_applied(connection: Connection) -> QuerySet[PlannedChange]:
    """Rows that failed or were changed since the preview, of people whose last row they are."""
    later = PlannedChange.objects.filter(
        plan__connection=OuterRef("plan__connection"),
        company=OuterRef("company"),
        salesforce_user_id=OuterRef("salesforce_user_id"),
        pk__gt=OuterRef("pk"),
    )
    failed = PlannedChange.objects.filter(
        plan__connection=connection,
        outcome__in=(Outcome.FAILED, Outcome.CHANGED, Outcome.NO_SEAT),
    )
    return failed.filter(~Exists(later)).select_related("plan")


def held_people(connection: Connection) -> QuerySet[Any]:
    """Whose records wait, and how many; one row a person."""
    return (
        Evaluation.objects.filter(
            company=connection.company_id,
            hold__in=Evaluation.HOLDS_OF_A_PERSON,
            workflow__connection=connection,
        )
        .values("salesforce_user_id", "hold")
        .annotate(records=Count("pk"))
        .order_by("-records")
    )


def unknown_teams(connection: Connection) -> QuerySet[Any]:
    """Texts in Salesforce for which there is no team; one row a text.

    Empty unless a rule takes the team from a mirrored field; see `attributes.unknown_teams`.
    """
    rule = AttributeRule.objects.filter(
        connection=connection, attribute=AttributeRule.Attribute.TEAM
    ).exclude(policy=AttributeRule.Policy.NEVER)
    source = rule.exclude(source=AttributeRule.MANAGERS_TEAM).first()
    people = DirectoryUser.objects.filter(connection=connection)
    if source is None:
        return people.none().values("name")

    mapped = UserMapping.objects.filter(
        connection=OuterRef("connection"),
        salesforce_user_id=OuterRef("salesforce_id"),
        is_current=True,
        account__state__in=User.STATES_HOLDING_ADDRESS,
    )
    if source.policy == AttributeRule.Policy.FILL:
        mapped = mapped.filter(account__team__isnull=True)
    teams = connection.company.teams.annotate(folded=Lower("name")).values("folded")
    return (
        people.annotate(text=column_of(source.source), folded=Lower(column_of(source.source)))
        .filter(Exists(mapped), is_active=True)
        .exclude(text="")
        .exclude(folded__in=teams)
        .values("text")
        .annotate(people=Count("pk"))
        .order_by("-people", "text")
    )


def _has_candidate(connection: Connection) -> Q:
    """Whether an account that nobody is mapped to fits by one of the enabled rules."""
    taken = UserMapping.objects.filter(
        connection=connection, is_current=True, account=OuterRef("pk")
    )
    accounts = User.objects.filter(
        ~Exists(taken), company=connection.company_id, state__in=User.STATES_HOLDING_ADDRESS
    )
    by_address = accounts.alias(folded=Lower("email"))
    ways = {
        MatchRule.Rule.FEDERATION_ID: Exists(
            accounts.exclude(federation_id="").filter(federation_id=OuterRef("federation_id"))
        ),
        MatchRule.Rule.EMAIL: Exists(by_address.filter(folded=Lower(OuterRef("email")))),
        MatchRule.Rule.USERNAME: Exists(by_address.filter(folded=Lower(OuterRef("username")))),
    }
    fits = Q(pk__in=[])
    for rule in MatchRule.objects.filter(connection=connection, enabled=True):
        fits |= Q(ways[MatchRule.Rule(rule.rule)])
    return fits


def _undecided() -> QuerySet[PlannedChange]:
    """A conflict of this person that nobody decided. On demand shows conflicts by itself."""
    rows: QuerySet[PlannedChange] = PlannedChange.objects.filter(
        company=OuterRef("company"),
        plan__connection=OuterRef("connection"),
        salesforce_user_id=OuterRef("salesforce_id"),
        action=Action.CONFLICT,
    )
    return rows.exclude(plan__state__in=(SyncPlan.State.DISCARDED, SyncPlan.State.DRAFT))


def _mapping_of_person() -> QuerySet[UserMapping]:
    mappings: QuerySet[UserMapping] = UserMapping.objects.filter(
        connection=OuterRef("connection"), salesforce_user_id=OuterRef("salesforce_id")
    )
    return mappings


def _person_of_mapping() -> QuerySet[DirectoryUser]:
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        connection=OuterRef("connection"), salesforce_id=OuterRef("salesforce_user_id")
    )
    return people


LABELS = {
    "held_plans": "Changes held for a decision",
    "open_requests": "Request for all active users",
    "conflicts": "Conflicts",
    "not_applied": "Failed or changed since the preview",
    "to_deactivate": "To deactivate",
    "to_reactivate": "Back in Salesforce",
    "pending": "Pending accounts",
    "suggested_matches": "Suggested matches",
    "held_people": "People whose records wait",
    "email_differs": "Other e-mail in Salesforce",
    "unknown_teams": "Unknown team values",
    "out_of_scope": "Accounts out of scope, or no longer visible",
    "new_people": "New in Salesforce",
}
_QUERIES: dict[str, Callable[[Connection], QuerySet[Any]]] = {
    "held_plans": held_plans,
    "open_requests": open_requests,
    "conflicts": conflicts,
    "not_applied": not_applied,
    "to_deactivate": leavers.to_deactivate,
    "to_reactivate": leavers.to_reactivate,
    "pending": pending,
    "suggested_matches": suggested_matches,
    "held_people": held_people,
    "email_differs": email_differs,
    "unknown_teams": unknown_teams,
    "out_of_scope": out_of_scope,
    "new_people": new_people,
}
