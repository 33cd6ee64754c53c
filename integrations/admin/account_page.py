"""One account and its Salesforce user: map, move, unlink, combine. Each makes a plan."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse

from accounts.admin_base import person, within_reach
from accounts.models import User
from integrations.models import Connection

from .mapping_list import rows_of
from .pausing import changeable_connection
from .person_picker import chosen_person, picker


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("accounts/<int:account_id>/", account_page, "account")]


def account_page(request: HttpRequest, connection_id: int, account_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    account = account_of(request, connection, account_id)
    found = picker(request, connection)
    if request.GET.get("part") == "results":
        return render(request, "integrations/picker_results.html", {"picker": found})
    context = {
        **admin.site.each_context(request),
        "title": str(account),
        "connection": connection,
        "account": account,
        "row": rows_of(connection, [account])[0],
        "picker": found,
        "person": chosen_person(request, connection),
    }
    return TemplateResponse(request, "integrations/account.html", context)


def account_of(request: HttpRequest, connection: Connection, account_id: int) -> User:
    """The account, of the connection's company; 404 for any other."""
    accounts = within_reach(User.objects.all(), person(request)).defer("search", "password")
    return get_object_or_404(accounts, pk=account_id, company=connection.company_id)
