"""*Mappings*: which account each Salesforce user is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from accounts.admin_base import CompanyScopedAdmin
from integrations.models import DirectoryUser, UserMapping


@admin.register(UserMapping)
class UserMappingAdmin(CompanyScopedAdmin[UserMapping]):
    list_display = ("salesforce_user", "account", "is_current", "approach", "made_by", "created_at")
    list_filter = ("is_current", "approach", "connection")
    list_select_related = ("account", "created_by", "connection")
    list_per_page = 50
    ordering = ("-pk",)
    sortable_by = ()
    actions = None
    search_fields = ("=salesforce_user_id",)
    search_help_text = "A whole Salesforce id. People are found under “Salesforce users”."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UserMapping]:
        people = DirectoryUser.objects.filter(
            connection=OuterRef("connection"), salesforce_id=OuterRef("salesforce_user_id")
        )
        return (
            super().get_queryset(request).annotate(person_name=Subquery(people.values("name")[:1]))
        )

    @admin.display(description="Salesforce user")
    def salesforce_user(self, mapping: Any) -> str:
        return str(mapping.person_name or mapping.salesforce_user_id)

    @admin.display(description="made by")
    def made_by(self, mapping: UserMapping) -> str:
        return str(mapping.created_by or "")
