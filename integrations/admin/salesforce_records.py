"""*Salesforce records*: what is kept of each, and what every workflow said of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import number_in, person, within_reach
from accounts.time_zone import written_time
from integrations.models import Connection, DirectoryUser, Evaluation, SalesforceRecord, Workflow
from integrations.record_sync import due
from integrations.salesforce.ids import InvalidSalesforceId, to_18

from .shared_filters import ConnectionFilter
from .words import counted
from .workflow_words import VERDICT_TONES

Records = QuerySet[SalesforceRecord]
Verdict = Evaluation.Verdict
#: More are left to the worker.
JUDGED_AT_ONCE = 1_000


class WorkflowFilter(admin.SimpleListFilter):
    title = "workflow"
    parameter_name = "workflow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        workflows = within_reach(Workflow.objects.order_by("name"), person(request))
        if connection := number_in(request.GET.get("connection", "")):
            workflows = workflows.filter(connection=connection)
        return [(str(one.pk), one.name) for one in workflows[:200]]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Records) -> Records:
        """Narrowed together with the verdict, for they are about one row."""
        return queryset


class VerdictFilter(admin.SimpleListFilter):
    title = "verdict"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Verdict.choices)

    def queryset(self, request: HttpRequest, queryset: Records) -> Records:
        verdict, workflow = self.value(), number_in(request.GET.get("workflow", ""))
        asked: dict[str, Any] = {"verdict": verdict} if verdict in Verdict.values else {}
        if workflow is not None:
            asked["workflow"] = workflow
        if not asked:
            return queryset
        return queryset.filter(Exists(Evaluation.objects.filter(record=OuterRef("pk"), **asked)))


class VisibleFilter(admin.SimpleListFilter):
    title = "in Salesforce"
    parameter_name = "visible"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not visible any more"), ("deleted", "Deleted")]

    def queryset(self, request: HttpRequest, queryset: Records) -> Records:
        match self.value():
            case "no":
                return queryset.filter(not_visible_since__isnull=False)
            case "deleted":
                return queryset.filter(is_deleted=True)
        return queryset


@admin.register(SalesforceRecord)
class SalesforceRecordAdmin(CompanyScopedAdmin[SalesforceRecord]):
    list_display = ("record", "object_name", "verdicts", "changed")
    list_display_links = None
    list_filter = (ConnectionFilter, VerdictFilter, WorkflowFilter, VisibleFilter)
    list_select_related = ("connection",)
    list_per_page = 50
    search_fields = ("record_id",)
    search_help_text = "A Salesforce id of 15 or 18 characters."
    ordering = ("-pk",)
    sortable_by = ()
    actions = ("try_again",)
    change_list_template = "admin/integrations/salesforcerecord/change_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_evaluation")

    def get_queryset(self, request: HttpRequest) -> Records:
        return super().get_queryset(request).prefetch_related("evaluations__workflow")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        try:
            return queryset.filter(record_id=to_18(search_term)), False
        except InvalidSalesforceId:
            return queryset.none(), False

    @admin.display(description="record")
    def record(self, record: SalesforceRecord) -> SafeString:
        address = reverse("admin:integrations_salesforcerecord_change", args=[record.pk])
        return format_html(
            '<strong><a href="{}"><bdi>{}</bdi></a></strong><small>{}</small>',
            address,
            name_of(record),
            record.record_id,
        )

    @admin.display(description="what the workflows said")
    def verdicts(self, record: SalesforceRecord) -> SafeString:
        said = record.evaluations.all()
        return format_html_join(
            "",
            '<span class="chip {}">{}</span><small>{}: {}</small>',
            (
                (
                    VERDICT_TONES.get(Verdict(one.verdict), ""),
                    one.get_verdict_display(),
                    one.workflow.name,
                    one.reason,
                )
                for one in said
            ),
        )

    @admin.display(description="last changed")
    def changed(self, record: SalesforceRecord) -> SafeString:
        state = "Deleted in Salesforce" if record.is_deleted else ""
        if record.not_visible_since:
            state = "Not visible any more"
        when = written_time(record.system_modstamp)
        return format_html("{}<small>{}</small>", when, state)

    @admin.action(description="Look at it again", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: Records) -> None:
        """Judge the ticked records once more, where they were set aside."""
        aside = Evaluation.objects.filter(record__in=queryset.values("pk"), verdict=Verdict.FAILED)
        if (number := aside.count()) > JUDGED_AT_ONCE:
            due.retry_later(aside)
            words = f"{counted(number, 'record')} will be looked at again. Load this list again in"
            self.message_user(request, f"{words} a minute.", messages.SUCCESS)
            return
        by_connection: dict[Connection, list[Evaluation]] = {}
        for one in aside.select_related("workflow__connection"):
            by_connection.setdefault(one.workflow.connection, []).append(one)
        looked_at = sum(map(len, by_connection.values()))
        for evaluations in by_connection.values():
            due.retry(evaluations)
        still = Evaluation.objects.filter(
            pk__in=[one.pk for these in by_connection.values() for one in these],
            verdict=Verdict.FAILED,
        ).count()
        words = f"{counted(looked_at, 'record')} looked at again, {still:,} still set aside."
        level = messages.WARNING if still or not looked_at else messages.SUCCESS
        self.message_user(request, words, level)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        record = self.get_object(request, object_id)
        assert record is not None
        if not self.has_view_permission(request, record):
            raise PermissionDenied
        evaluations = record.evaluations.select_related("workflow", "report__user", "report__type")
        context = {
            **self.admin_site.each_context(request),
            "title": name_of(record),
            "opts": self.opts,
            "record": record,
            "connection": record.connection,
            "fields": _fields(record),
            "said": [
                {"it": one, "tone": VERDICT_TONES.get(Verdict(one.verdict), "")}
                for one in evaluations.order_by("workflow__name")
            ],
        }
        return TemplateResponse(request, "integrations/salesforce_record.html", context)


def _fields(record: SalesforceRecord) -> list[tuple[str, Any, str]]:
    """Name, value, and who that is where it is a Salesforce user."""
    people = DirectoryUser.objects.filter(
        connection=record.connection_id,
        salesforce_id__in=[one for one in record.fields.values() if isinstance(one, str)],
    )
    names = {one.salesforce_id: str(one) for one in people}
    return [
        (name, value, names.get(str(value), "")) for name, value in sorted(record.fields.items())
    ]


def name_of(record: SalesforceRecord) -> str:
    """What people call it; its id where no name was asked for."""
    return str(record.fields.get("Name") or record.fields.get("Subject") or record.record_id)
