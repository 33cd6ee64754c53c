"""What the pages below a connection share: how they are shown, and what they say when refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from accounts.time_zone import written_time
from integrations.models import Connection, SyncPlan
from integrations.user_sync.errors import AlreadyApproved, PlanError, RefreshRefused


def subpage(
    request: HttpRequest, connection: Connection, template: str, *, title: str, **context: Any
) -> HttpResponse:
    everything = {
        **admin.site.each_context(request),
        "title": title,
        "connection": connection,
        **context,
    }
    return TemplateResponse(request, f"integrations/{template}.html", everything)


def attempt(request: HttpRequest, act: Callable[[], HttpResponse | None]) -> HttpResponse | None:
    """What ``act`` answers; ``None``, with the reason in a message, where it was refused."""
    try:
        return act()
    except AlreadyApproved as error:
        messages.warning(request, f"{error} That was on {written_time(error.when)}.")
    except (PlanError, RefreshRefused) as error:
        messages.error(request, str(error))
    return None


def show_plan(plan: SyncPlan) -> HttpResponse:
    return redirect("admin:integrations_syncplan_change", plan.pk)
