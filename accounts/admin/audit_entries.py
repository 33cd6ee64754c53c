from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin_base import CompanyScopedAdmin
from accounts.models import AuditEntry, User
from accounts.models.audit import in_words
from accounts.reach import person, within_reach

#: People offered in the filter; whoever did something and is not among them is found by a link.
MOST_PEOPLE_OFFERED = 100


class PersonFilter(admin.SimpleListFilter):
    title = "person"
    parameter_name = "actor"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[AuditEntry]
    ) -> list[tuple[str, str]]:
        """Those who can act: admins, and support staff where one sees them."""
        able = within_reach(User.objects.all(), person(request)).exclude(
            role=User.Role.MEMBER, is_superuser=False
        )
        return [(str(user.pk), str(user)) for user in able.order_by("name")[:MOST_PEOPLE_OFFERED]]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(actor=int(value)) if value.isdecimal() else queryset.none()


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[AuditEntry]
    ) -> list[tuple[str, str]]:
        newest = model_admin.get_queryset(request).order_by("-at", "-id")[:1000]
        actions = AuditEntry.objects.filter(pk__in=newest.values("pk")).order_by("action")
        return [
            (action, in_words(action))
            for action in actions.values_list("action", flat=True).distinct()
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(CompanyScopedAdmin[AuditEntry]):
    """Read only for everybody; the database refuses changes, too."""

    list_display = ["at", "who", "what", "subject_name", "address"]
    list_display_links = ["at"]
    list_filter = [PersonFilter, ActionFilter]
    list_select_related = []
    ordering = ["-at", "-id"]
    sortable_by = ()
    fields = ["at", "who", "what", "subject_name", "subject_type", "address", "changes"]
    actions = None
    empty_value_display = ""

    @admin.display(description="who")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_name or "Scoreline"

    @admin.display(description="what")
    def what(self, entry: AuditEntry) -> str:
        return in_words(entry.action)

    @admin.display(description="changes")
    def changes(self, entry: AuditEntry) -> SafeString | str:
        before, after = entry.before or {}, entry.after or {}
        rows = [
            (name, _shown(before.get(name)), _shown(after.get(name)))
            for name in sorted({*before, *after})
        ]
        if not rows:
            return "-"
        lines = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
        head = "<thead><tr><th>Field</th><th>Before</th><th>After</th></tr></thead>"
        return format_html("<table>" + head + "<tbody>{}</tbody></table>", lines)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
