"""*Changes*: every plan, from its preview to its revert."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import number_in
from integrations.models import SyncPlan

from . import plan_actions
from .plan_counts import with_row_counts
from .plan_page import plan_page
from .shared_filters import ColumnFilter, ConnectionFilter
from .shown_plan import ShownPlan
from .words import who_and_when


class StateFilter(ColumnFilter):
    title, parameter_name, choices_of_column = "state", "state", SyncPlan.State.choices


class KindFilter(ColumnFilter):
    title, parameter_name, choices_of_column = "kind", "kind", SyncPlan.Kind.choices


@admin.register(SyncPlan)
class SyncPlanAdmin(CompanyScopedAdmin[SyncPlan]):
    list_display = ("change", "shown_state", "became", "made", "approved")
    list_display_links = None
    list_filter = (ConnectionFilter, StateFilter, KindFilter)
    list_select_related = ("connection", "created_by", "approved_by")
    list_per_page = 50
    ordering = ("-created_at", "-pk")
    sortable_by = ()
    actions = None
    change_list_template = "admin/integrations/syncplan/change_list.html"

    # --- a plan is made by the pages that lead to it, and kept for ever

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- the list

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncPlan]:
        return with_row_counts(super().get_queryset(request))

    @admin.display(description="change")
    def change(self, plan: Any) -> str:
        address = reverse("admin:integrations_syncplan_change", args=[plan.pk])
        words = ShownPlan.of(plan).title
        return format_html('<strong><a href="{}">{}</a></strong>', address, words)

    @admin.display(description="state")
    def shown_state(self, plan: Any) -> str:
        shown = ShownPlan.of(plan)
        return format_html('<span class="chip {}">{}</span>', shown.tone, shown.state)

    @admin.display(description="done", empty_value="")
    def became(self, plan: Any) -> str:
        shown = ShownPlan.of(plan)
        return f"{shown.done:,} of {shown.counts.total:,} rows" if plan.approved_at else ""

    @admin.display(description="made by")
    def made(self, plan: Any) -> str:
        return who_and_when(plan.created_by, plan.created_at)

    @admin.display(description="approved by", empty_value="")
    def approved(self, plan: Any) -> str:
        return who_and_when(plan.approved_by, plan.approved_at)

    # --- the page

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:plan_id>/" + tail,
                self.admin_site.admin_view(view),
                name=f"integrations_syncplan_{name}",
            )
            for tail, view, name in plan_actions.urls()
        ] + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        plan = plan_actions.find_plan(request, number_in(object_id) or 0)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **plan_page(request, plan),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "integrations/plan.html", context)
