"""People whom the match rules, whichever are chosen, decide alike: one of each kind stands for all.

Tens of thousands of people make a few dozen kinds, so that rules are tried within a page's patience
and still by the very code that decides about a person.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, When
from django.db.models.functions import JSONObject, Length, Lower

from accounts.models import User
from integrations.models import Approach, Connection, DirectoryUser, UserMapping

from .scope import in_scope, persons

#: Addresses that are usable beyond doubt. Any other one is a kind of its own.
_PLAIN = r"^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}$"
_PLAIN_LENGTH = 64  # so no part of it is too long either


def people_alike(connection: Connection) -> dict[int, int]:
    """Of those who could get an account: somebody of each kind, and how many there are of it.

    By `DirectoryUser.pk`, in one query.
    """
    is_plain = Q(email__iregex=_PLAIN, letters__lte=_PLAIN_LENGTH)
    kinds = (
        _without_account(connection)
        .alias(letters=Length("email"))
        .annotate(
            accounts=ArraySubquery(_accounts(connection)),
            odd_address=Case(When(~is_plain, then=F("email"))),
            is_unlinked=Q(unlinked_at__isnull=False),
            is_support=Exists(_support_staff()),
            shares=Exists(_others_with_the_address()),
        )
        .values("accounts", "odd_address", "is_unlinked", "is_support", "shares")
        .annotate(one=Min("pk"), people=Count("pk"))
        .order_by()
    )
    return {kind["one"]: kind["people"] for kind in kinds}


def _without_account(connection: Connection) -> QuerySet[DirectoryUser]:
    mapped = UserMapping.objects.filter(connection=connection)
    people: QuerySet[DirectoryUser] = DirectoryUser.objects.filter(
        in_scope(connection, Approach.ON_DEMAND), connection=connection, ignored_at__isnull=True
    )
    return people.exclude(salesforce_id__in=mapped.values("salesforce_user_id"))


def _accounts(connection: Connection) -> QuerySet[User, Any]:
    """What decisions rest on of each account that any of the rules finds for a person."""
    mapped = UserMapping.objects.filter(
        connection=connection, is_current=True, account=OuterRef("pk")
    )
    found = {
        "by_federation_id": Q(federation_id=OuterRef("federation_id")) & ~Q(federation_id=""),
        "by_email": Q(address=Lower(OuterRef("email"))),
        "by_username": Q(address=Lower(OuterRef("username"))),
    }
    look = JSONObject(
        **found,
        role="role",
        state="state",
        protected="protected",
        has_logged_in=Q(last_login__isnull=False),
        is_mapped=Exists(mapped),
    )
    accounts: QuerySet[User] = User.objects.alias(address=Lower("email")).filter(
        found["by_federation_id"] | found["by_email"] | found["by_username"],
        company=connection.company_id,
    )
    return accounts.order_by(look).values_list(look, flat=True)


def _support_staff() -> QuerySet[User]:
    staff: QuerySet[User] = (
        User.objects.filter(company__isnull=True)
        .alias(address=Lower("email"))
        .filter(address=Lower(OuterRef("email")))
    )
    return staff


def _others_with_the_address() -> QuerySet[DirectoryUser]:
    others: QuerySet[DirectoryUser] = (
        DirectoryUser.objects.filter(persons(), connection=OuterRef("connection"))
        .exclude(pk=OuterRef("pk"))
        .exclude(email="")
        .alias(address=Lower("email"))
        .filter(address=Lower(OuterRef("email")))
    )
    return others
