from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts.admin_base import CompanyScopedAdmin
from accounts.models import AuditEntry, User
from accounts.models.audit import in_words
from accounts.reach import number_in, person, within_reach

#: People offered in the filter; whoever is not among them is found by a link to their account.
MOST_PEOPLE_OFFERED = 100
PLANS_OFFERED = 20
#: A name only: nothing of the integrations is imported here.
PLAN = "integrations.syncplan"


class PersonFilter(admin.SimpleListFilter):
    """What somebody did, and what was done to their account; or what nobody in person did."""

    title = "person"
    parameter_name = "person"
    NOBODY = "nobody"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[AuditEntry]
    ) -> list[tuple[str, str]]:
        """Those who can act, and who is chosen."""
        people = _people(request, model_admin.get_queryset(request))
        able = people.exclude(role=User.Role.MEMBER, is_superuser=False)
        offered = list(able.order_by("name")[:MOST_PEOPLE_OFFERED])
        chosen = number_in(request.GET.get(self.parameter_name, ""))
        if chosen and all(one.pk != chosen for one in offered):
            offered += people.filter(pk=chosen)
        by_itself = (self.NOBODY, f"{settings.PRODUCT_NAME} by itself")
        return [by_itself, *((str(user.pk), str(user)) for user in offered)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        value = self.value()
        if not value:
            return queryset
        if value == self.NOBODY:
            return queryset.filter(actor=None, actor_name="")
        chosen = number_in(value)
        if chosen is None:
            return queryset.none()
        about = Q(subject_type=User._meta.label_lower, subject_id=str(chosen))
        return queryset.filter(about | Q(actor=chosen))


def _people(request: HttpRequest, entries: QuerySet[AuditEntry]) -> QuerySet[User]:
    """Everybody within reach, and those of the support staff who did something there."""
    everybody: QuerySet[User] = User.objects.all()
    did_something = Exists(entries.filter(actor=OuterRef("pk")))
    # Support staff belong to no company, which keeps both halves within an index.
    return within_reach(everybody, person(request)) | everybody.filter(
        did_something, is_superuser=True, company=None
    )


class PlanFilter(admin.SimpleListFilter):
    """What was done to a plan, and what it did to accounts."""

    title = "change"
    parameter_name = "plan"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[AuditEntry]
    ) -> list[tuple[str, str]]:
        approvals = model_admin.get_queryset(request).filter(
            subject_type=PLAN, action="plan.approved"
        )
        newest = approvals.order_by("-at", "-id")[:PLANS_OFFERED]
        offered = {entry.subject_id: entry.subject_name for entry in newest}
        chosen = number_in(request.GET.get(self.parameter_name, ""))
        if chosen is not None:
            offered.setdefault(str(chosen), f"Change {chosen}")
        return list(offered.items())

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        value = self.value()
        if not value:
            return queryset
        chosen = number_in(value)
        if chosen is None:
            return queryset.none()
        made = queryset.alias(plan=KT("after__plan"))
        return made.filter(Q(plan=str(chosen)) | Q(subject_type=PLAN, subject_id=str(chosen)))


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
    list_filter = [PersonFilter, PlanFilter, ActionFilter]
    list_select_related = []
    ordering = ["-at", "-id"]
    sortable_by = ()
    fields = ["at", "who", "what", "subject_name", "kind", "address", "changes"]
    actions = None
    empty_value_display = ""

    @admin.display(description="what")
    def what(self, entry: AuditEntry) -> str:
        return in_words(entry.action)

    @admin.display(description="kind")
    def kind(self, entry: AuditEntry) -> str:
        try:
            return capfirst(str(apps.get_model(entry.subject_type)._meta.verbose_name))
        except (LookupError, ValueError):  # of something that there is no more
            return entry.subject_type

    @admin.display(description="changes")
    def changes(self, entry: AuditEntry) -> SafeString | str:
        before, after = entry.before or {}, entry.after or {}
        rows = [
            (name, _shown(before.get(name)), _shown(after.get(name)))
            for name in sorted({*before, *after})
        ]
        differing = [(name, former, now) for name, former, now in rows if former != now]
        if not differing:
            return "-"
        lines = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", differing)
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
