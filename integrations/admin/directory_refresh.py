"""The button *Refresh* on the list of Salesforce users, and what it shows while it works."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.reach import person
from integrations.models import Connection
from integrations.user_sync.directory import accept_shrinking, request_refresh
from integrations.user_sync.errors import RefreshRefused

from .addresses import people_with
from .chosen_connection import visible_connections
from .directory_run import last_run

View = Callable[..., HttpResponse]


def urls() -> list[tuple[str, View, str]]:
    """Address below a connection's id, view and name of each."""
    return [
        ("refresh/", refresh, "integrations_directoryuser_refresh"),
        ("refresh/accept/", accept, "integrations_directoryuser_accept"),
        ("refresh/progress/", progress, "integrations_directoryuser_progress"),
    ]


@require_POST
def refresh(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = _connection(request, connection_id)
    try:
        request_refresh(connection, by=person(request))
    except RefreshRefused as error:
        messages.error(request, str(error))
    return redirect(people_with(connection))


@require_POST
def accept(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Take the shorter list over that a refresh stopped at."""
    connection = _connection(request, connection_id)
    run = last_run(connection)
    if run is None or str(run.run.pk) != request.POST.get("run"):
        messages.error(request, "Somebody refreshed the list since. Look at it again.")
        return redirect(people_with(connection))
    try:
        accept_shrinking(run.run, by=person(request))
    except RefreshRefused as error:
        messages.error(request, str(error))
    return redirect(people_with(connection))


@require_GET
def progress(request: HttpRequest, connection_id: int) -> HttpResponse:
    run = last_run(_connection(request, connection_id))
    if run is None:
        raise Http404
    return render(request, "integrations/directory_run_state.html", {"run": run})


def _connection(request: HttpRequest, connection_id: int) -> Connection:
    connection = get_object_or_404(visible_connections(person(request)), pk=connection_id)
    if not request.user.has_perm("integrations.add_syncplan"):
        raise PermissionDenied
    return connection
