"""*Mappings*: which account each Salesforce user is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import person
from integrations.models import UserMapping

from .chosen_connection import chosen_connection, visible_connections
from .mapping_list import SHOWN, MappingList


@admin.register(UserMapping)
class UserMappingAdmin(CompanyScopedAdmin[UserMapping]):
    """Mappings are changed by plans alone; the list is one of accounts."""

    list_select_related = ("account", "created_by", "connection")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        connection = chosen_connection(request)
        context = {**self.admin_site.each_context(request), "title": "Mappings", "opts": self.opts}
        if connection is None:
            context["connections"] = visible_connections(person(request))
            return TemplateResponse(request, "integrations/choose_connection.html", context)
        others = visible_connections(person(request)).filter(company=connection.company_id)
        asked = {name: request.GET.get(name, "").strip() for name in ("show", "approach", "q", "p")}
        context |= {
            "connection": connection,
            "other_connections": others.exclude(pk=connection.pk),
            "shown": SHOWN.items(),
            "list": MappingList(
                connection, asked["show"], asked["approach"], asked["q"][:200], asked["p"]
            ),
        }
        return TemplateResponse(request, "integrations/mappings.html", context)
