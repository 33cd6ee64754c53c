"""*E-mail differs*: accounts that log in with another e-mail than Salesforce has."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from integrations.user_sync import account_work

from .chosen_connection import changeable_connection
from .subpage import subpage
from .ticked_mappings import listed


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("e-mail-differs/", email_differs, "email_differs")]


def email_differs(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    rows = account_work.email_differs(connection).order_by("account__name", "pk")
    return subpage(
        request,
        connection,
        "email_differs",
        title="E-mail differs",
        listed=listed(connection, rows),
    )
