"""A connection that is broken, or about to be."""

from __future__ import annotations

from django.urls import reverse

from integrations.models import Connection

from .recipients import admins_and_support
from .sending import Letter
from .telling import tell

STATES_TOLD = (Connection.State.NEEDS_ATTENTION, Connection.State.RECONNECT_REQUIRED)


def tell_of_trouble() -> int:
    """Each new reason is told at once: entering a state empties ``state_told_at``."""
    troubled = Connection.objects.filter(state__in=STATES_TOLD).select_related("company")
    return tell(troubled, "state_told_at", _letters)


def _letters(connection: Connection) -> list[Letter]:
    path = reverse("admin:integrations_connection_change", args=[connection.pk])
    context = {
        "connection": connection,
        "is_broken": connection.state == Connection.State.RECONNECT_REQUIRED,
    }
    people = admins_and_support(connection.company)
    return [Letter("connection_trouble", one, path, context) for one in people]
