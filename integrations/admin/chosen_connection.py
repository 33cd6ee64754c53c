"""Which connection a page is about: the one in its address, else the company's own."""

from __future__ import annotations

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.reach import number_in
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
    assert isinstance(request.user, User)
    connections = visible_connections(request.user)
    named = request.GET.get("connection", "")
    if named:
        return get_object_or_404(connections, pk=number_in(named))
    return None if request.user.is_superuser else connections.first()
