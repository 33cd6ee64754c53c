"""*Pause*, with a reason for the other admins, and *Resume*."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from accounts.reach import person
from integrations import connection_states
from integrations.connecting.check import request_check

from .addresses import start_of
from .chosen_connection import changeable_connection
from .typed_text import typed_reason

LONGEST_REASON = 500


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    """Address below a connection's id, view and name of each."""
    return [("pause/", pause, "pause"), ("resume/", resume, "resume")]


def pause(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    reason = typed_reason(request, LONGEST_REASON)
    if request.method == "POST" and reason:
        if connection_states.paused(connection, reason, by=person(request), request=request):
            words = "Paused. Nothing is read from Salesforce until somebody presses Resume."
            messages.success(request, words)
        else:
            messages.warning(request, f"It is {connection.get_state_display().lower()} already.")
        return redirect(start_of(connection))
    context = {
        **admin.site.each_context(request),
        "title": "Pause",
        "connection": connection,
        "problem": "Say why, so that the other admins know." if request.method == "POST" else "",
        "longest_reason": LONGEST_REASON,
    }
    return TemplateResponse(request, "integrations/pause.html", context)


@require_POST
def resume(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if connection_states.resumed(connection, by=person(request), request=request):
        request_check(connection)
        messages.success(request, "Resumed. What happened in Salesforce meanwhile is read now.")
    return redirect(start_of(connection))
