"""*Mappings*: which account each Salesforce user is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from accounts.admin_base import CompanyScopedAdmin, person, within_reach
from accounts.models import User
from accounts.search import prefix_query
from integrations.models import Approach, DirectoryUser, UserMapping

from .chosen_people import person_with_id
from .menu_filter import ColumnFilter
from .words import who_and_when


class ApproachFilter(ColumnFilter):
    title, parameter_name, choices_of_column = "approach", "approach", Approach.choices


@admin.register(UserMapping)
class UserMappingAdmin(CompanyScopedAdmin[UserMapping]):
    list_display = ("salesforce_user", "mapped_account", "way", "made")
    list_filter = (ApproachFilter,)
    list_select_related = ("account", "created_by", "connection")
    list_per_page = 50
    ordering = ("-pk",)
    sortable_by = ()
    actions = None
    search_fields = ("search",)
    change_list_template = "admin/integrations/menus_change_list.html"

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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the Salesforce user's words or whole id, or by the account's words."""
        if not search_term.strip():
            return queryset, False
        everybody = within_reach(DirectoryUser.objects.all(), person(request))
        people = person_with_id(everybody, search_term)
        if people is not None:
            return queryset.filter(salesforce_user_id__in=people.values("salesforce_id")), False
        query = prefix_query(search_term)
        if query is None:
            return queryset.none(), False
        accounts = within_reach(User.objects.all(), person(request)).filter(search=query)
        found = Q(account__in=accounts.values("pk")) | Q(
            salesforce_user_id__in=everybody.filter(search=query).values("salesforce_id")
        )
        return queryset.filter(found), False

    @admin.display(description="Salesforce user")
    def salesforce_user(self, mapping: Any) -> str:
        return str(mapping.person_name or mapping.salesforce_user_id)

    @admin.display(description="account")
    def mapped_account(self, mapping: UserMapping) -> str:
        address = reverse("admin:accounts_user_change", args=[mapping.account_id])
        former = "" if mapping.is_current else mark_safe(' <span class="chip">Former</span>')
        return format_html('<a href="{}">{}</a>{}', address, mapping.account, former)

    @admin.display(description="how")
    def way(self, mapping: UserMapping) -> str:
        return mapping.get_approach_display()

    @admin.display(description="made by")
    def made(self, mapping: UserMapping) -> str:
        return who_and_when(mapping.created_by, mapping.created_at)
