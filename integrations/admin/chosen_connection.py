"""Which connection a page is about: the one in its address, else the company's own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.reach import number_in, person
from integrations.models import Connection


def visible_connections(user: User) -> QuerySet[Connection]:
    """The connections that this person may see, the ones in use first."""
    connections = Connection.objects.select_related("company").order_by(
        Case(
            When(state=Connection.State.TERMINATED, then=Value(1)),
            default=Value(0),
            output_field=IntegerField(),
        ),
        "company__name",
        "pk",
    )
    return connections if user.is_superuser else connections.filter(company=user.company_id)


def chosen_connection(request: HttpRequest) -> Connection | None:
    """The connection named by ``?connection=``; support staff, who see many, must name one.

    Raises `Http404` for another company's.
    """
    kept: Any = request  # the page asks for it, its list, and each of its filters
    if not hasattr(kept, "chosen_connection"):
        kept.chosen_connection = _choose(request)
    chosen: Connection | None = kept.chosen_connection
    return chosen


def _choose(request: HttpRequest) -> Connection | None:
    user = person(request)
    connections = visible_connections(user)
    named = request.GET.get("connection", "")
    if named:
        return get_object_or_404(connections, pk=number_in(named))
    return None if user.is_superuser else connections.first()


def changeable_connection(request: HttpRequest, connection_id: int) -> Connection:
    """The connection; 404 for another company's, 403 for somebody who may only look."""
    connection = get_object_or_404(visible_connections(person(request)), pk=connection_id)
    if not request.user.has_perm("integrations.change_connection", connection):
        raise PermissionDenied
    return connection
