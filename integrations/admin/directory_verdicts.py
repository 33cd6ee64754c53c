"""The verdicts of `user_sync.matching` as conditions, so that a list can be filtered by them.

What a query can tell (nobody with this address here; an account exists) is asked of the database.
Mapped or conflict is decided by the matching itself, for the few people who may have an account.
"""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange, UserMapping
from integrations.user_sync.matching import Matcher
from integrations.user_sync.scope import in_scope, persons

#: People with a possible account who are looked at for one filter or count.
LOOKED_AT = 5_000


def mapped() -> Exists:
    """Whether a Salesforce user has an account."""
    return Exists(
        UserMapping.objects.filter(
            connection=OuterRef("connection"), salesforce_user_id=OuterRef("salesforce_id")
        )
    )


def undecided(connection: Connection) -> QuerySet[DirectoryUser]:
    """People who could get an account and have none: neither mapped, ignored nor out of scope."""
    return DirectoryUser.objects.filter(
        ~mapped(),
        in_scope(connection, Approach.ON_DEMAND),
        connection=connection,
        ignored_at__isnull=True,
    )


def without_counterpart(connection: Connection) -> QuerySet[DirectoryUser]:
    """People who would get a new account."""
    return _with_addresses(connection).exclude(_may_have_account(connection)).exclude(email="")


def with_verdict(
    connection: Connection, verdict: PlannedChange.Action, viewer: User
) -> QuerySet[DirectoryUser]:
    """People with this verdict of the matching, among at most `LOOKED_AT` with a counterpart."""
    if verdict == PlannedChange.Action.CREATE:
        return without_counterpart(connection)
    people = list(
        _with_addresses(connection)
        .filter(_may_have_account(connection))
        .defer("search")
        .order_by("name", "pk")[:LOOKED_AT]
    )
    matches = Matcher(connection, viewer=viewer).match(people)
    chosen = [pk for pk, match in matches.items() if match.verdict == verdict]
    return DirectoryUser.objects.filter(connection=connection, pk__in=chosen)


def _with_addresses(connection: Connection) -> QuerySet[DirectoryUser]:
    return undecided(connection).alias(
        folded_email=Lower("email"), folded_username=Lower("username")
    )


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
