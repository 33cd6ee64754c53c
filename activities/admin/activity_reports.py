from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import person
from accounts.time_zone import written_time
from activities import sources
from activities.models import ActivityReport

from .filters import PersonFilter, PublishedFilter, TakenBackFilter, TeamFilter


@admin.register(ActivityReport)
class ActivityReportAdmin(CompanyScopedAdmin[ActivityReport]):
    """Read only: what is reported is decided where it comes from."""

    list_display = ["published_at", "who", "type", "amount", "headline", "team", "state", "record"]
    list_display_links = ["published_at"]
    list_filter = [TakenBackFilter, PublishedFilter, "type", TeamFilter, PersonFilter]
    list_select_related = ["user", "team", "type"]
    search_fields = ["search"]
    search_help_text = "Beginnings of words of the title."
    sortable_by = ()
    actions = None
    fields = (
        "headline",
        "who",
        "team",
        "type",
        "amount",
        "occurred_on",
        "published_at",
        "state",
        "why_here",
        "likes",
        "comments",
        "record",
        "source_key",
        "created_at",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ActivityReport]:
        return super().get_queryset(request).select_related("user", "team", "type").defer("search")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first along an index: that of a company's feed, or the key over all companies."""
        return ("-id",) if person(request).is_superuser else ("-published_at", "-id")

    @admin.display(description="person")
    def who(self, report: ActivityReport) -> SafeString:
        """The person, as a link to all of theirs."""
        of_theirs = reverse(
            "admin:activities_activityreport_changelist", query={"person": report.user_id}
        )
        return format_html('<a href="{}">{}</a>', of_theirs, report.user)

    @admin.display(description="amount")
    def amount(self, report: ActivityReport) -> str:
        if report.type.unit == "money":
            return f"{report.value:,.2f} {report.currency}".rstrip()
        return f"{report.value:,.2f}".removesuffix(".00")

    @admin.display(description="title")
    def headline(self, report: ActivityReport) -> SafeString | str:
        return format_html("<bdi>{}</bdi>", report.title) if report.title else "-"

    @admin.display(description="state")
    def state(self, report: ActivityReport) -> str:
        if report.retracted_at is None:
            return "Counts"
        return f"Taken back: {report.retracted_reason}" if report.retracted_reason else "Taken back"

    @admin.display(description="why it is here")
    def why_here(self, report: ActivityReport) -> SafeString | str:
        origin = sources.origin(report)
        if origin is None:
            return "Somebody reported it by hand."
        return format_html(
            'Made by the workflow <a href="{}">{}</a> from <a href="{}">{}</a>,'
            " which last changed {}. {}",
            origin.rule_address,
            origin.rule,
            origin.made_of_address,
            origin.made_of,
            written_time(origin.changed_at),
            origin.reason,
        )

    @admin.display(description="record")
    def record(self, report: ActivityReport) -> SafeString | str:
        if not report.link:
            return "-"
        return format_html(
            '<a href="{}" target="_blank" rel="noopener noreferrer">Open in Salesforce</a>',
            report.link,
        )

    @admin.display(description="likes")
    def likes(self, report: ActivityReport) -> int:
        return report.likes.count()

    @admin.display(description="comments")
    def comments(self, report: ActivityReport) -> int:
        return report.comments.filter(deleted_at__isnull=True).count()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
