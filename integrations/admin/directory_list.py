"""The list of Salesforce users: a page of people with what importing each would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.capped_paginator import COUNTED_AT_MOST, CappedPaginator
from accounts.reach import person
from integrations.models import DirectoryUser, PlannedChange
from integrations.user_sync.matching import Match, Matcher
from integrations.user_sync.work import has_mapping

from .chosen_connection import chosen_connection
from .directory_filters import AccountFilter
from .tab_access import TabAccess, access_of


class AccountsLastPaginator(Paginator):  # type: ignore[type-arg] # not subscriptable at run time
    """First everybody without an account, then the others, each by name.

    Two ranges of one index instead of a sort of the whole directory. Pages end where counting
    does: search and filters reach the rest.
    """

    object_list: QuerySet[DirectoryUser]

    @cached_property
    def without_account(self) -> QuerySet[DirectoryUser]:
        return self.object_list.filter(~has_mapping()).order_by("name", "pk")

    @cached_property
    def with_account(self) -> QuerySet[DirectoryUser]:
        return self.object_list.filter(has_mapping()).order_by("name", "pk")

    @cached_property
    def count_without(self) -> int:
        return CappedPaginator(self.without_account, self.per_page).count

    @cached_property
    def count(self) -> int:
        return min(COUNTED_AT_MOST, self._counted)

    @property
    def is_capped(self) -> bool:
        """Whether there are more people than were counted."""
        return self._counted >= COUNTED_AT_MOST

    @cached_property
    def _counted(self) -> int:
        return CappedPaginator(self.object_list, self.per_page).count

    def page(self, number: int | str) -> Page[DirectoryUser]:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        people = list(self.without_account[first : first + self.per_page])
        if len(people) < self.per_page:
            start = max(0, first - self.count_without)
            people += self.with_account[start : start + self.per_page - len(people)]
        return Page(people, number, self)


@dataclass(frozen=True)
class ListedPerson:
    """One row: a person, and what importing them would do."""

    person: DirectoryUser
    match: Match
    tab: TabAccess

    #: Verdict to chip: its words and its colour.
    CHIPS = {
        PlannedChange.Action.CREATE: ("New account", "good"),
        PlannedChange.Action.CONFLICT: ("Conflict", "warn"),
    }

    @property
    def can_be_ticked(self) -> bool:
        return self.is_ignored or self.match.verdict != PlannedChange.Action.NOTHING

    @property
    def is_ignored(self) -> bool:
        return self.person.ignored_at is not None and self.match.account_id is None

    @property
    def verdict(self) -> str:
        """The word by which the bar at the bottom counts."""
        return "ignore" if self.is_ignored else str(self.match.verdict)

    @property
    def shown(self) -> str:
        """What this row said, posted with the tick; see `planning.needs_review`."""
        return f"{self.person.salesforce_id}={self.match.shown}"

    @property
    def place(self) -> str:
        """Where the person works, as far as Salesforce says."""
        parts = (self.person.title or self.person.role_name, self.person.department)
        return " · ".join(dict.fromkeys(part for part in parts if part))

    @property
    def chip(self) -> str:
        if self.match.verdict == PlannedChange.Action.MAP:
            return f"Maps to {self.match.account_name}"
        if self.match.verdict in self.CHIPS:
            return self.CHIPS[self.match.verdict][0]
        if self.match.account_id is not None:
            return "Has an account"
        return "Ignored" if self.is_ignored else "No account"

    @property
    def tone(self) -> str:
        return self.CHIPS.get(self.match.verdict, ("", ""))[1]

    @property
    def because(self) -> str:
        """The reason, without what the chip already says."""
        reason = self.match.reason.removeprefix(f"{self.chip}: ").removeprefix("Ignored: ")
        if reason in (self.chip, "Already has an account"):
            return self.match.account_name
        return reason[:1].upper() + reason[1:]


class DirectoryChangeList(ChangeList):
    """Django's list, for one connection, with verdicts in a constant number of queries."""

    result_list: list[DirectoryUser]
    listed: list[ListedPerson]

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: Any = None
    ) -> QuerySet[DirectoryUser]:
        people: QuerySet[DirectoryUser] = super().get_queryset(request, exclude_parameters)
        return people.filter(connection=chosen_connection(request)).defer("search")

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        connection = chosen_connection(request)
        assert isinstance(self.paginator, AccountsLastPaginator)
        self.result_list = list(self.result_list if self.multi_page else self.paginator.page(1))
        self.can_show_all = False
        matches = (
            Matcher(connection, viewer=person(request)).match(self.result_list)
            if connection
            else {}
        )
        access = access_of(connection, self.result_list) if connection else {}
        self.listed = [
            ListedPerson(one, matches[one.pk], access[one.pk]) for one in self.result_list
        ]

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Which connection is meant is no filter: `get_queryset` sees to it."""
        wanted: dict[str, Any] = super().get_filters_params(params)
        wanted.pop("connection", None)
        return wanted

    @property
    def account_filter(self) -> AccountFilter:
        return next(spec for spec in self.filter_specs if isinstance(spec, AccountFilter))

    @property
    def tabs(self) -> Iterable[Any]:
        return self.account_filter.choices(self)

    @property
    def menus(self) -> list[SimpleListFilter]:
        """The filters with a menu; one with a single choice has nothing to ask."""
        return [
            spec
            for spec in self.filter_specs
            if isinstance(spec, SimpleListFilter)
            and not isinstance(spec, AccountFilter)
            and (spec.value() or len(spec.lookup_choices) > 1)
        ]
