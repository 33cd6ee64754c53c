"""*Salesforce users*: the mirror of the org's people, to tick and to import."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import person
from accounts.search import prefix_query
from accounts.time_zone import written_time
from integrations.models import DirectoryUser
from integrations.user_sync.user_types import type_in_words

from . import directory_filters as filters
from . import directory_refresh, import_actions
from .chosen_connection import chosen_connection, visible_connections
from .chosen_people import ImportOptions, person_with_id
from .directory_list import AccountsLastPaginator, DirectoryChangeList
from .directory_run import last_run
from .words import sentence


@admin.register(DirectoryUser)
class DirectoryUserAdmin(CompanyScopedAdmin[DirectoryUser]):
    list_filter = (
        filters.AccountFilter,
        filters.VerdictFilter,
        filters.ActiveFilter,
        filters.TabFilter,
        filters.ProfileFilter,
        filters.RoleFilter,
        filters.DepartmentFilter,
        filters.LicenseFilter,
    )
    search_fields = ("search",)
    sortable_by = ()
    list_per_page = 50
    paginator = AccountsLastPaginator
    actions = [
        import_actions.preview_import,
        import_actions.import_users,
        import_actions.ignore_users,
        import_actions.stop_ignoring_users,
    ]
    fieldsets = (
        (None, {"fields": ("name", "email", "username", "salesforce_id", "title")}),
        (
            "In Salesforce",
            {
                "fields": (
                    ("profile_name", "license_name"),
                    ("role_name", "department", "division"),
                    ("manager_name", "federation_id"),
                    ("is_active", "is_frozen", "kind_of_user"),
                    ("last_login_at", "created_in_salesforce_at"),
                    ("refreshed_at", "missing_since"),
                    "can_open_tab",
                )
            },
        ),
        ("Ignored", {"fields": ("ignored_at", "ignored_by", "ignored_reason")}),
    )

    readonly_fields = ("kind_of_user",)

    @admin.display(description="user type")
    def kind_of_user(self, person: DirectoryUser) -> str:
        return type_in_words(person.user_type)

    # --- who may do what: people come from Salesforce alone

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.add_syncplan")

    # --- the list

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:connection_id>/" + tail, self.admin_site.admin_view(view), name=name)
            for tail, view, name in directory_refresh.urls()
        ] + super().get_urls()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DirectoryChangeList

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return list(self.list_filter)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A whole id finds one person; words find the beginnings of words."""
        if not search_term.strip():
            return queryset, False
        by_id = person_with_id(queryset, search_term)
        if by_id is not None:
            return by_id, False
        query = prefix_query(search_term) if "\x00" not in search_term else None
        return (queryset.filter(search=query) if query else queryset.none()), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        connection = chosen_connection(request)
        if connection is None:
            return self._choose_connection(request)
        run = last_run(connection)
        others = visible_connections(person(request)).filter(company=connection.company_id)
        context = {
            "title": "Salesforce users",
            "connection": connection,
            "other_connections": others.exclude(pk=connection.pk),
            "refreshed_at": _shown_time(connection.directory_refreshed_at),
            "run": run,
            "standstill": sentence(connection.state_reason),
            "may_refresh": connection.has_access and self.has_import_permission(request),
            "import_options": ImportOptions(connection),
            # The list has its own scripts: the stock ones would count the ticks of one page only.
            "media": Media(),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def _choose_connection(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Salesforce users",
            "opts": self.opts,
            "connections": visible_connections(person(request)),
        }
        return TemplateResponse(request, "integrations/choose_connection.html", context)


def _shown_time(moment: datetime | None) -> str:
    """“14:02” today, with the day on other days."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else written_time(moment)
