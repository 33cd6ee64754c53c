"""Whose work waits for an account: any source marks them here, and `automatic` makes the accounts.

- ``mark_wanted(connection, ids, cause)``; a thousand calls with the same ids cost nothing;
- ``mark_owners_of_held_records(connection)`` with each poll, for when Automatic, or a workflow,
  was switched on;
- ``who_waits(connection)``: the marked ones of whom that is still true;
- ``who_would_wait(connection, workflows)``: the same, if it were turned on now;
- ``takes_from_a_workflow(connection)``: whether anybody can be wanted at all;
- ``why_not(connection, ids) -> dict[str, str]``: who gets no account automatically, and why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    Evaluation,
    UserMapping,
    Workflow,
)
from integrations.salesforce.ids import QUEUE, USER, prefix

from .matching import Matcher
from .scope import in_scope


@dataclass(frozen=True)
class Cause:
    """The record for which somebody is wanted, and the workflow that caught it."""

    record_id: str
    workflow: Workflow


def mark_wanted(connection: Connection, ids: Iterable[str], cause: Cause) -> int:
    """Mark these owners of caught records; how many are newly marked. Accounts come later.

    ``ids`` are 18-character ids of users or queues. Only marks where Automatic is on and the
    workflow takes part; nobody without a chance of an account is marked. What is marked stays so.
    """
    if not (connection.automatic_is_on and cause.workflow.creates_accounts):
        return 0
    users = {one for one in ids if prefix(one) == USER}
    if not users:
        return 0
    fresh = may_be_wanted(connection).filter(salesforce_id__in=users, wanted_since__isnull=True)
    return _mark(fresh, wanted_record_id=cause.record_id, wanted_workflow=cause.workflow)


def takes_from_a_workflow(connection: Connection) -> bool:
    """Without one that takes part Automatic may be on, and still nobody gets an account."""
    return connection.workflows.filter(creates_accounts=True).exists()


def may_be_wanted(connection: Connection) -> QuerySet[DirectoryUser]:
    """Who may get an account without being named by a person."""
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        in_scope(connection, Approach.AUTOMATIC),
        ~Exists(_mappings()),
        connection=connection,
        ignored_at__isnull=True,
        unlinked_at__isnull=True,
    )
    return people


def who_waits(connection: Connection) -> QuerySet[DirectoryUser]:
    """Who was marked, and is neither ignored nor out of scope nor mapped meanwhile."""
    return may_be_wanted(connection).filter(wanted_since__isnull=False)


def mark_owners_of_held_records(connection: Connection) -> int:
    """Those whose records wait already, all at once. How many are newly marked."""
    if not connection.automatic_is_on:
        return 0
    takes_part = connection.workflows.filter(creates_accounts=True)
    waits_longest = _records_that_wait(connection, takes_part).order_by("held_since", "pk")
    unmarked = may_be_wanted(connection).filter(Exists(waits_longest), wanted_since__isnull=True)
    return _mark(
        unmarked,
        wanted_record_id=Subquery(waits_longest.values("record__record_id")[:1]),
        wanted_workflow=Subquery(waits_longest.values("workflow")[:1]),
    )


def who_would_wait(
    connection: Connection, workflows: QuerySet[Workflow]
) -> QuerySet[DirectoryUser]:
    """Who would wait for an account if Automatic were turned on now with these workflows."""
    has_records = Exists(_records_that_wait(connection, workflows))
    return may_be_wanted(connection).filter(has_records | Q(wanted_since__isnull=False))


def _records_that_wait(
    connection: Connection, workflows: QuerySet[Workflow]
) -> QuerySet[Evaluation]:
    evaluations: QuerySet[Evaluation] = Evaluation.objects.filter(
        company=connection.company_id,
        hold=Evaluation.Hold.NOT_MAPPED,
        salesforce_user_id=OuterRef("salesforce_id"),
        workflow__in=workflows.filter(state=Workflow.State.ON),
    )
    return evaluations


def _mark(people: QuerySet[DirectoryUser], **cause: Any) -> int:
    """Locked in the order of the refresh, so that the two never wait for each other."""
    locked = people.order_by("salesforce_id").select_for_update(no_key=True, of=("self",))
    with transaction.atomic(savepoint=False):
        return DirectoryUser.objects.filter(pk__in=locked.values("pk")).update(
            wanted_since=timezone.now(), **cause
        )


def why_not(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Why these owners of records get no account by themselves, in a sentence each.

    Who would get one, or is a case for a person, is left out.
    """
    reasons = {
        one: "A queue: nobody works as a queue" if prefix(one) == QUEUE else "Not a user"
        for one in ids
        if prefix(one) != USER
    }
    known = DirectoryUser.objects.filter(connection=connection, salesforce_id__in=ids)
    people = list(known.select_related("ignored_by", "unlinked_by").defer("search"))
    unseen = set(ids) - reasons.keys() - {person.salesforce_id for person in people}
    reasons |= dict.fromkeys(unseen, "Not in the list of Salesforce users yet: refresh it")
    matches = Matcher(connection, approach=Approach.AUTOMATIC).match(people)
    for person in people:
        if matches[person.pk].verdict == "nothing":
            reasons[person.salesforce_id] = matches[person.pk].reason
    return reasons


def _mappings() -> QuerySet[UserMapping]:
    mappings: QuerySet[UserMapping] = UserMapping.objects.filter(
        Q(connection=OuterRef("connection")) & Q(salesforce_user_id=OuterRef("salesforce_id"))
    )
    return mappings
