"""The verdicts of `user_sync.matching` as conditions, so that a list can be filtered by them.

What a query can tell (nobody with this address here; an account exists) is asked of the database.
Mapped or conflict is decided by the matching itself, for the few people who may have an account.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    Evaluation,
    PlannedChange,
    UserMapping,
)
from integrations.user_sync.matching import Matcher
from integrations.user_sync.scope import in_scope, persons
from integrations.user_sync.work import has_mapping

People = QuerySet[DirectoryUser]
#: People with a possible account who are looked at for one filter or count.
LOOKED_AT = 5_000
#: Above so many the matching takes too long to be done for each look at the start page.
COUNTED_ANEW = 500
COUNTS_KEPT = 60  # seconds


@dataclass(frozen=True)
class CounterpartCounts:
    by_verdict: Counter[str]
    is_capped: bool  # whether there are more than were looked at


def records_waiting() -> Exists:
    """Whether records of a Salesforce user wait until their account is there, or open."""
    return Exists(
        Evaluation.objects.filter(
            company=OuterRef("company"),
            salesforce_user_id=OuterRef("salesforce_id"),
            workflow__connection=OuterRef("connection"),
            hold__in=Evaluation.HOLDS_OF_A_PERSON,
            verdict=Evaluation.Verdict.HELD,  # not where a report stays with whose it was
        )
    )


def could_get_account(people: People, connection: Connection) -> People:
    """Those of ``people`` whom somebody may choose now: new, matched or in conflict."""
    usable = ~Q(email="") | _may_have_account(connection)
    return _undecided(people, connection).filter(usable)


def without_counterpart(people: People, connection: Connection) -> People:
    """Those of ``people`` who would get a new account."""
    return _undecided(people, connection).exclude(_may_have_account(connection)).exclude(email="")


def counterparts(people: People, connection: Connection, viewer: User) -> dict[str, list[int]]:
    """The ids of those who may have an account already, by the matching's verdict.

    At most `LOOKED_AT` of them are looked at.
    """
    looked_at = list(_possible(people, connection).defer("search")[:LOOKED_AT])
    found: dict[str, list[int]] = defaultdict(list)
    for pk, match in Matcher(connection, viewer=viewer).match(looked_at).items():
        found[match.verdict].append(pk)
    return found


def counterpart_counts(connection: Connection, viewer: User) -> CounterpartCounts:
    """How many of all people have each verdict; of many the same numbers are told for a minute."""
    everybody = DirectoryUser.objects.filter(connection=connection)
    ids = list(_possible(everybody, connection).values_list("pk", flat=True)[: LOOKED_AT + 1])
    key = f"counterparts-{connection.pk}-{viewer.pk}-{hash(tuple(ids))}"
    known: CounterpartCounts | None = cache.get(key)
    if known is None:
        found = counterparts(everybody, connection, viewer)
        numbers = Counter({verdict: len(those) for verdict, those in found.items()})
        known = CounterpartCounts(numbers, is_capped=len(ids) > LOOKED_AT)
        if len(ids) > COUNTED_ANEW:
            cache.set(key, known, COUNTS_KEPT)
    return known


def with_verdict(
    people: People, connection: Connection, verdict: PlannedChange.Action, viewer: User
) -> People:
    """Those of ``people`` with this verdict."""
    if verdict == PlannedChange.Action.CREATE:
        return without_counterpart(people, connection)
    return people.filter(pk__in=counterparts(people, connection, viewer)[verdict])


def _possible(people: People, connection: Connection) -> People:
    """Who may have an account here already, by name."""
    undecided = _undecided(people, connection)
    return undecided.filter(_may_have_account(connection)).order_by("name", "pk")


def _undecided(people: People, connection: Connection) -> People:
    """Who could get an account and has none: neither mapped, ignored nor out of scope."""
    return people.filter(
        ~has_mapping(),
        in_scope(connection, Approach.ON_DEMAND),
        connection=connection,
        ignored_at__isnull=True,
    ).alias(folded_email=Lower("email"), folded_username=Lower("username"))


def _may_have_account(connection: Connection) -> Q:
    accounts = User.objects.filter(company=connection.company_id)
    addresses = User.objects.filter(Q(company=connection.company_id) | Q(company=None)).values(
        address=Lower("email")
    )
    shared = (
        DirectoryUser.objects.filter(persons(), connection=connection)
        .values(address=Lower("email"))
        .annotate(people=Count("pk"))
        .filter(people__gt=1)
        .values("address")
    )
    return (
        Q(folded_email__in=addresses)
        | Q(folded_username__in=addresses)
        | Q(folded_email__in=shared)
        | Q(federation_id__in=accounts.exclude(federation_id="").values("federation_id"))
    )


def leavers_with_account(connection: Connection) -> People:
    """Who left Salesforce and has a mapping still; a few, however large the directory."""
    ids = UserMapping.objects.filter(connection=connection).values("salesforce_user_id")
    return DirectoryUser.objects.filter(
        connection=connection, is_active=False, salesforce_id__in=ids
    )


def possible_newcomers(connection: Connection) -> People:
    """People without an account who share a mark with a leaver who has one, by name."""
    leavers = leavers_with_account(connection)
    same = (
        Q(folded_email__in=leavers.exclude(email="").values(address=Lower("email")))
        | Q(folded_name__in=leavers.values(folded=Lower("name")))
        | Q(federation_id__in=leavers.exclude(federation_id="").values("federation_id"))
    )
    everybody = DirectoryUser.objects.filter(connection=connection)
    people = _undecided(everybody, connection).alias(folded_name=Lower("name"))
    return people.filter(same).defer("search").order_by("name", "pk")
