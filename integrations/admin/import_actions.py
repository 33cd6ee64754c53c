"""What can be done with ticked Salesforce users: every press makes a plan, and most approve it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.reach import person
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync.approving import approve
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import needs_review
from integrations.user_sync.preparing import plan_ignore, plan_import, plan_stop_ignoring

from .chosen_connection import chosen_connection
from .chosen_people import ImportOptions, chosen_people, is_all_matching, shown_verdicts
from .subpage import show_plan
from .typed_text import typed_reason

People = QuerySet[DirectoryUser]
Admin: TypeAlias = "ModelAdmin[DirectoryUser]"
Step = Callable[[HttpRequest, Connection, People], HttpResponse]
#: Names on the page that asks before people are ignored.
NAMED = 20


@admin.action(description="Preview the import", permissions=["import"])
def preview_import(model_admin: Admin, request: HttpRequest, people: People) -> HttpResponse | None:
    def preview(request: HttpRequest, connection: Connection, people: People) -> HttpResponse:
        return show_plan(_import_plan(request, connection, people))

    return _carry_out(model_admin, request, people, preview)


@admin.action(description="Import", permissions=["import"])
def import_users(model_admin: Admin, request: HttpRequest, people: People) -> HttpResponse | None:
    def import_them(request: HttpRequest, connection: Connection, people: People) -> HttpResponse:
        plan = _import_plan(request, connection, people)
        return _approve_or_show(request, plan, _shown(request))

    return _carry_out(model_admin, request, people, import_them)


@admin.action(description="Ignore", permissions=["import"])
def ignore_users(model_admin: Admin, request: HttpRequest, people: People) -> HttpResponse | None:
    def ignore_them(request: HttpRequest, connection: Connection, people: People) -> HttpResponse:
        if "confirmed" not in request.POST:
            return _ask_before_ignoring(model_admin, request, people)
        reason = typed_reason(request)
        plan = plan_ignore(connection, people, by=person(request), reason=reason)
        return _approve_or_show(request, plan)

    return _carry_out(model_admin, request, people, ignore_them)


@admin.action(description="Stop ignoring", permissions=["import"])
def stop_ignoring_users(
    model_admin: Admin, request: HttpRequest, people: People
) -> HttpResponse | None:
    def stop(request: HttpRequest, connection: Connection, people: People) -> HttpResponse:
        plan = plan_stop_ignoring(connection, people, by=person(request))
        return _approve_or_show(request, plan)

    return _carry_out(model_admin, request, people, stop)


def _carry_out(
    model_admin: Admin, request: HttpRequest, queryset: People, step: Step
) -> HttpResponse | None:
    """Take the step for the ticked people, or go back to the list with the reason why not."""
    connection = chosen_connection(request)
    if connection is None:
        return None
    try:
        return step(request, connection, chosen_people(request, queryset, connection))
    except PlanError as error:
        model_admin.message_user(request, str(error), messages.ERROR)
        return None


def _import_plan(request: HttpRequest, connection: Connection, people: People) -> SyncPlan:
    options = ImportOptions.posted(request, connection).for_plan()
    return plan_import(connection, people, by=person(request), **options)


def _shown(request: HttpRequest) -> dict[str, str] | None:
    """What the list showed; nothing is compared where everybody matching is meant."""
    return None if is_all_matching(request) else shown_verdicts(request)


def _approve_or_show(
    request: HttpRequest, plan: SyncPlan, shown: dict[str, str] | None = None
) -> HttpResponse:
    if plan.state == SyncPlan.State.PREPARING:
        return show_plan(plan)
    reasons = needs_review(plan, shown, all_matching=is_all_matching(request))
    if not reasons:
        approve(plan, by=person(request))
        return show_plan(plan)
    messages.warning(request, f"Please look at this first. {' '.join(reasons)}")
    return show_plan(plan)


def _ask_before_ignoring(model_admin: Admin, request: HttpRequest, people: People) -> HttpResponse:
    all_matching = is_all_matching(request)
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": "Ignore people",
        "opts": model_admin.opts,
        "number": people.count(),
        "named": people[:NAMED],
        "all_matching": all_matching,
        "ticked": "" if all_matching else ",".join(map(str, people.values_list("pk", flat=True))),
    }
    return TemplateResponse(request, "integrations/ignore_people.html", context)
