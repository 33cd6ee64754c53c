"""Choosing one Salesforce user by name, e-mail, username or id; the page shows what is found."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest

from accounts.search import prefix_query
from integrations.models import Connection, DirectoryUser, UserMapping
from integrations.salesforce.ids import USER, InvalidSalesforceId, prefix, to_18

FOUND_AT_MOST = 20


@dataclass(frozen=True)
class Found:
    """A person who was found, and the account they have."""

    person: DirectoryUser
    mapping: UserMapping | None

    @property
    def chip(self) -> str:
        if self.mapping:
            return f"Is {self.mapping.account}"
        if self.person.ignored_at:
            return "Ignored"
        return "" if self.person.is_active else "Left Salesforce"


@dataclass(frozen=True)
class Picker:
    """What was asked for, and who was found."""

    connection: Connection
    words: str
    found: list[Found]
    unseen_id: str = ""
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return bool(self.words) and not (self.found or self.unseen_id or self.problem)


def picker(request: HttpRequest, connection: Connection) -> Picker:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if not words:
        return Picker(connection, "", [])
    everybody = DirectoryUser.objects.filter(connection=connection).defer("search")
    try:
        salesforce_id = to_18(words)
    except InvalidSalesforceId as error:
        if looks_like_an_id(words):
            return Picker(connection, words, [], problem=str(error))
        query = prefix_query(words)
        people = everybody.filter(search=query) if query else everybody.none()
        return Picker(connection, words, _with_accounts(connection, _names_first(people, words)))
    if prefix(salesforce_id) != USER:
        problem = "This is the id of something else: a user's id begins with 005."
        return Picker(connection, words, [], problem=problem)
    found = _with_accounts(connection, everybody.filter(salesforce_id=salesforce_id))
    return Picker(connection, words, found, unseen_id="" if found else salesforce_id)


def looks_like_an_id(words: str) -> bool:
    """Whether somebody meant an id, so that a slip in it is named instead of “nobody found”."""
    return len(words) in (15, 18) and words.isalnum() and any(c.isdigit() for c in words)


def chosen_person(request: HttpRequest, connection: Connection) -> DirectoryUser | None:
    """Who was chosen, by the id in the address or the form; 404 for somebody of another org."""
    asked = request.POST.get("person") or request.GET.get("person", "")
    if not asked:
        return None
    try:
        salesforce_id = to_18(asked)
    except InvalidSalesforceId as error:
        raise Http404 from error
    person = (
        DirectoryUser.objects.filter(connection=connection, salesforce_id=salesforce_id)
        .defer("search")
        .first()
    )
    if person is None:
        raise Http404("There is no such Salesforce user in the list.")
    return person


def _names_first(people: QuerySet[DirectoryUser], words: str) -> QuerySet[DirectoryUser]:
    """Whose name begins so, before those whose address does: a company's domain is in them all."""
    by_name = Q(name__istartswith=words) | Q(name__icontains=f" {words}")
    rank = Case(When(by_name, then=Value(0)), default=Value(1), output_field=IntegerField())
    return people.order_by(rank, "name", "pk")


def _with_accounts(connection: Connection, people: QuerySet[DirectoryUser]) -> list[Found]:
    listed = list(people[:FOUND_AT_MOST])
    mappings = {
        one.salesforce_user_id: one
        for one in UserMapping.objects.filter(
            connection=connection, salesforce_user_id__in=[one.salesforce_id for one in listed]
        ).select_related("account")
    }
    return [Found(one, mappings.get(one.salesforce_id)) for one in listed]
