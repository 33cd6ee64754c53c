"""The rows of *Mappings*: every account with its Salesforce user, or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.core.paginator import Page
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.capped_paginator import CappedPaginator
from accounts.models import User
from accounts.search import prefix_query
from integrations.models import Approach, Connection, DirectoryUser, UserMapping

from .chosen_people import person_with_id

PER_PAGE = 50
SHOWN = {
    "": "All accounts",
    "mapped": "With a Salesforce user",
    "none": "Without",
    "former": "With former users",
}


@dataclass(frozen=True)
class MappedPerson:
    """A mapping with what the mirror knows of its Salesforce user; nothing, where it has none."""

    mapping: UserMapping
    person: DirectoryUser | None

    @property
    def name(self) -> str:
        return str(self.person) if self.person else self.mapping.salesforce_user_id


@dataclass
class AccountRow:
    account: User
    current: MappedPerson | None = None
    former: list[MappedPerson] = field(default_factory=list)


@dataclass(frozen=True)
class MappingList:
    """One page of a connection's accounts, as the filters of the address ask for them."""

    connection: Connection
    show: str
    approach: str
    words: str
    wanted_page: str

    @property
    def is_narrowed(self) -> bool:
        return bool(self.show or self.approach or self.words)

    @property
    def approaches(self) -> list[tuple[str, str]]:
        return list(Approach.choices)

    @cached_property
    def page(self) -> Page[User]:
        accounts = self._accounts().select_related("team").order_by("name", "pk")
        return CappedPaginator(accounts.defer("search", "password"), PER_PAGE).get_page(
            self.wanted_page
        )

    @cached_property
    def rows(self) -> list[AccountRow]:
        return rows_of(self.connection, list(self.page))

    def _accounts(self) -> QuerySet[User]:
        accounts: QuerySet[User] = User.objects.filter(company=self.connection.company_id)
        mappings = UserMapping.objects.filter(connection=self.connection, account=OuterRef("pk"))
        match self.show:
            case "mapped":
                accounts = accounts.filter(Exists(mappings.filter(is_current=True)))
            case "none":
                accounts = accounts.filter(~Exists(mappings.filter(is_current=True)))
            case "former":
                accounts = accounts.filter(Exists(mappings.filter(is_current=False)))
        if self.approach in Approach.values:
            accounts = accounts.filter(Exists(mappings.filter(approach=self.approach)))
        return accounts.filter(self._found()) if self.words else accounts

    def _found(self) -> Q:
        """By the account's words, the Salesforce user's words, or a whole id."""
        everybody = DirectoryUser.objects.filter(connection=self.connection)
        people = person_with_id(everybody, self.words)
        if people is not None:
            return Q(pk__in=self._accounts_of(people))
        query = prefix_query(self.words) if "\x00" not in self.words else None
        if query is None:
            return Q(pk__in=())
        return Q(search=query) | Q(pk__in=self._accounts_of(everybody.filter(search=query)))

    def _accounts_of(self, people: QuerySet[DirectoryUser]) -> QuerySet[UserMapping]:
        return UserMapping.objects.filter(
            connection=self.connection, salesforce_user_id__in=people.values("salesforce_id")
        ).values("account")  # type: ignore[return-value] # used as a subquery only


def rows_of(connection: Connection, accounts: Sequence[User]) -> list[AccountRow]:
    """The accounts with their mappings of this connection, in two queries."""
    mappings = list(
        UserMapping.objects.filter(connection=connection, account__in=accounts)
        .select_related("created_by")
        .order_by("-is_current", "-pk")
    )
    people = {
        one.salesforce_id: one
        for one in DirectoryUser.objects.filter(
            connection=connection,
            salesforce_id__in=[mapping.salesforce_user_id for mapping in mappings],
        ).defer("search")
    }
    by_account: dict[int, list[MappedPerson]] = defaultdict(list)
    for mapping in mappings:
        shown = MappedPerson(mapping, people.get(mapping.salesforce_user_id))
        by_account[mapping.account_id].append(shown)
    return [_row(account, by_account[account.pk]) for account in accounts]


def _row(account: User, people: Sequence[MappedPerson]) -> AccountRow:
    current = next((one for one in people if one.mapping.is_current), None)
    return AccountRow(account, current, [one for one in people if not one.mapping.is_current])
