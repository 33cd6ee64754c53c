"""*Workflows*: which Salesforce records become activity reports."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import number_in, person
from integrations.models import Evaluation, Watermark, Workflow

from . import earlier_records, workflow_new, workflow_page, workflow_switching
from .chosen_connection import chosen_connection, visible_connections
from .workflow_words import STATE_TONES, what_counts


@admin.register(Workflow)
class WorkflowAdmin(CompanyScopedAdmin[Workflow]):
    """A workflow is switched off, never deleted: its reports say where they come from."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:workflow_id>/switch/",
                self.admin_site.admin_view(workflow_switching.switch),
                name="integrations_workflow_switch",
            ),
            path(
                "<int:workflow_id>/read-again/",
                self.admin_site.admin_view(earlier_records.read_again),
                name="integrations_workflow_read_again",
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        connection = chosen_connection(request)
        if connection is None:
            return self.choose_connection(request)
        marks = Watermark.objects.filter(connection=connection)
        labels = dict(marks.values_list("object_name", "field_labels"))
        others = visible_connections(person(request)).filter(company=connection.company_id)
        context = {
            **self.admin_site.each_context(request),
            "title": "Workflows",
            "opts": self.opts,
            "connection": connection,
            "other_connections": others.exclude(pk=connection.pk),
            "rows": [
                {
                    "workflow": one,
                    "words": what_counts(one, labels.get(one.object_name, {})),
                    "tone": STATE_TONES[Workflow.State(one.state)],
                }
                for one in _with_reports(self.get_queryset(request)).filter(connection=connection)
            ],
        }
        return TemplateResponse(request, "integrations/workflows.html", context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        connection = chosen_connection(request)
        if connection is None:
            return self.choose_connection(request)
        return workflow_new.new_workflow(request, connection)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return workflow_page.workflow_page(request, number_in(object_id) or 0)

    def choose_connection(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Workflows",
            "connections": visible_connections(person(request)),
        }
        return TemplateResponse(request, "integrations/choose_connection.html", context)


def _with_reports(workflows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Counted by the index of verdicts: a join would read all that the workflows ever said."""
    reported = (
        Evaluation.objects.filter(workflow=OuterRef("pk"), verdict=Evaluation.Verdict.REPORTED)
        .values("workflow")
        .annotate(reports=Count("pk"))
    )
    counted = workflows.annotate(reports=Coalesce(Subquery(reported.values("reports")), 0))
    return counted.select_related("activity_type").prefetch_related("conditions").order_by("name")
