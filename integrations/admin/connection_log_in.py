"""A connection's log-in at Salesforce, its check, and its end."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.reach import person
from integrations.connecting import logging_in
from integrations.connecting.attempts import LogInRefused
from integrations.connecting.check import request_check
from integrations.connecting.connecting_user import ConnectingUser, signs_of_a_person
from integrations.connecting.terminating import terminate
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.errors import SalesforceError

from .chosen_connection import changeable_connection
from .connection_page import shown, to_page

State = Connection.State


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [
        ("log-in/", log_in, "log_in"),
        ("log-in/<int:attempt_id>/", connect_as, "connect_as"),
        ("check/", check, "check"),
        ("terminate/", terminate_integration, "terminate"),
    ]


def log_in(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if request.method != "POST":
        return to_page(connection)  # a page reloaded, or its address kept
    return _lead_to_salesforce(request, connection)


def _lead_to_salesforce(request: HttpRequest, connection: Connection) -> HttpResponse:
    """A page with the link to Salesforce: the security policy forbids a form to lead there."""
    try:
        url = logging_in.begin(connection, person(request))
    except SalesforceError as error:
        messages.error(request, error.message)
        return to_page(connection)
    return shown(request, connection, "go_to_salesforce", title="Log in", salesforce_url=url)


def connect_as(request: HttpRequest, connection_id: int, attempt_id: int) -> HttpResponse:
    """“Connect as X” or “Use another user”, after the log-in."""
    connection = changeable_connection(request, connection_id)
    attempt = AuthorizationAttempt.objects.filter(
        pk=attempt_id, connection=connection, started_by=person(request)
    ).first()
    if attempt is None or not attempt.sealed_access_token:
        messages.warning(request, "This log-in is finished or too old. Start it again.")
        return to_page(connection)
    user = ConnectingUser(**attempt.identity)
    if request.method != "POST":
        signs = signs_of_a_person(user, connection.company)
        context = {"attempt": attempt, "salesforce_user": user, "signs": signs}
        return shown(request, connection, "connect_as", title="Connect as …", **context)
    if "another" in request.POST:
        logging_in.forget(attempt)
        return _lead_to_salesforce(request, connection)
    try:
        logging_in.connect_as(attempt, by=person(request), request=request)
    except (LogInRefused, SalesforceError) as error:
        messages.error(request, error.message)
    else:
        still = " It stays paused until somebody presses Resume."
        paused = still if connection.state == State.PAUSED else ""
        messages.success(request, f"Connected as {user.name}.{paused}")
    return to_page(connection)


@require_POST
def check(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    request_check(connection)
    return to_page(connection)


def terminate_integration(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if connection.state in (State.NOT_CONNECTED, State.TERMINATED):
        return to_page(connection)
    if request.method != "POST":
        return shown(request, connection, "terminate", title="Terminate")
    if terminate(connection, by=person(request), request=request):
        messages.success(request, "Terminated. Salesforce has revoked the access.")
    else:
        words = (
            "Terminated here, but Salesforce did not confirm. Revoke the access there too: "
            "Setup, Connected Apps OAuth Usage, your app, Revoke."
        )
        messages.warning(request, words)
    return to_page(connection)
