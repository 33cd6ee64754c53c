"""What a connection's page shows: where one stands in the four steps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from integrations.connecting.requirements import OBJECTS
from integrations.credentials import callback_url
from integrations.models import Connection, ConnectionCredential
from integrations.salesforce.oauth import SCOPES

from .connection_forms import KeysForm, SettingsForm
from .support_details import details_of_connection

State = Connection.State

STATE_CHIPS = {
    State.NOT_CONNECTED: "",
    State.CONNECTED: "good",
    State.NEEDS_ATTENTION: "warn",
    State.PAUSED: "warn",
    State.RECONNECT_REQUIRED: "bad",
    State.TERMINATED: "",
}
STATES_TO_LOG_IN = (State.NOT_CONNECTED, State.RECONNECT_REQUIRED, State.TERMINATED)
WORKER_IS_SILENT_AFTER = timedelta(seconds=60)


def page_context(
    connection: Connection,
    keys_form: KeysForm | None = None,
    settings_form: SettingsForm | None = None,
) -> dict[str, Any]:
    set_at = keys_set_at(connection)
    findings = connection.check_findings
    must_log_in = connection.state in STATES_TO_LOG_IN
    return {
        "callback_url": callback_url(),
        "support_details": details_of_connection(connection),
        "scopes": SCOPES,
        "app_name": settings.PRODUCT_NAME,
        "objects": OBJECTS,
        "keys_set_at": set_at,
        "keys_form": keys_form
        or KeysForm(initial={"login_url": connection.login_url}, has_keys=bool(set_at)),
        "settings_form": settings_form or SettingsForm(instance=connection),
        "must_log_in": must_log_in,
        "step": _step(connection, bool(set_at and connection.login_url), must_log_in),
        "checking": not must_log_in and is_checking(connection),
        "worker_is_silent": _waits_long(connection),
        "problems": [finding for finding in findings if finding["level"] != "good"],
        "in_place": [finding for finding in findings if finding["level"] == "good"],
    }


def shown(
    request: HttpRequest, connection: Connection, template: str, **context: Any
) -> HttpResponse:
    """One of the pages about connecting."""
    everything = {
        **admin.site.each_context(request),
        "opts": Connection._meta,
        "title": str(connection),
        "connection": connection,
        "state_chip": STATE_CHIPS[State(connection.state)],
        "product_name": settings.PRODUCT_NAME,
        **context,
    }
    return TemplateResponse(request, f"admin/integrations/connection/{template}.html", everything)


def to_page(connection: Connection) -> HttpResponse:
    return redirect("admin:integrations_connection_change", connection.pk)


def keys_set_at(connection: Connection) -> datetime | None:
    credential = ConnectionCredential.objects.filter(connection=connection).first()
    return credential.keys_set_at if credential else None


def is_checking(connection: Connection) -> bool:
    asked, answered = connection.check_requested_at, connection.checked_at
    return asked is not None and (answered is None or answered < asked)


def _waits_long(connection: Connection) -> bool:
    asked = connection.check_requested_at
    return (
        is_checking(connection)
        and asked is not None
        and timezone.now() - asked > WORKER_IS_SILENT_AFTER
    )


def _step(connection: Connection, has_keys: bool, must_log_in: bool) -> int:
    """The step that comes next; 5 when all are done."""
    if not has_keys:
        return 2 if connection.login_url else 1
    if must_log_in:
        return 3
    has_errors = any(finding["level"] == "error" for finding in connection.check_findings)
    return 4 if has_errors or connection.checked_at is None or is_checking(connection) else 5
