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
    Connection,
    DirectoryUser,
    Evaluation,
    MatchRule,
    PlannedChange,
    SyncPlan,
    TabVisitor,
    UserMapping,
)

from . import account_work, leavers
from .scope import in_scope

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome


#: Plans that say nothing about what became of a person.
_NOT_DECIDED = (SyncPlan.State.PREPARING, SyncPlan.State.DRAFT, SyncPlan.State.DISCARDED)


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


def has_mapping() -> Exists:
    """Whether a Salesforce user has an account."""
    return Exists(
        UserMapping.objects.filter(
            connection=OuterRef("connection"), salesforce_user_id=OuterRef("salesforce_id")
        )
    )


def asked_in_tab() -> Exists:
    """Whether a Salesforce user ever asked for an account in the tab."""
    return Exists(
        TabVisitor.objects.filter(
            connection=OuterRef("connection"),
            salesforce_user_id=OuterRef("salesforce_id"),
            asked_at__isnull=False,
        )
    )


def without_account(connection: Connection) -> QuerySet[DirectoryUser]:
    """People in scope of On demand without a mapping, neither ignored nor unlinked."""
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        in_scope(connection, Approach.ON_DEMAND),
        ~has_mapping(),
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


def asked_to_be_added(connection: Connection) -> QuerySet[DirectoryUser]:
    """Who asked for an account in the tab; declining is ignoring."""
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        asked_in_tab(),
        ~has_mapping(),
        connection=connection,
        ignored_at__isnull=True,
    )
    return people


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
    ).exclude(plan__state__in=_NOT_DECIDED)
    failed = PlannedChange.objects.filter(
        plan__connection=connection,
        outcome__in=(Outcome.FAILED, Outcome.CHANGED, Outcome.NO_SEAT),
    )
    return failed.filter(~Exists(later)).select_related("plan")


def held_people(connection: Connection) -> QuerySet[Any]:
    """Whose records wait, and how many; one row a person."""
    return (
        Evaluation.objects.filter(workflow__connection=connection, verdict=Evaluation.Verdict.HELD)
        .values("salesforce_user_id", "hold")
        .annotate(records=Count("pk"))
        .order_by("-records")
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
    return rows.exclude(plan__state__in=_NOT_DECIDED)


LABELS = {
    "held_plans": "Changes held for a decision",
    "open_requests": "Request for all active users",
    "asked_to_be_added": "Asked to be added",
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
    "asked_to_be_added": asked_to_be_added,
    "conflicts": conflicts,
    "not_applied": not_applied,
    "to_deactivate": leavers.to_deactivate,
    "to_reactivate": leavers.to_reactivate,
    "pending": account_work.pending,
    "suggested_matches": suggested_matches,
    "held_people": held_people,
    "email_differs": account_work.email_differs,
    "unknown_teams": account_work.unknown_teams,
    "out_of_scope": account_work.out_of_scope,
    "new_people": new_people,
}
