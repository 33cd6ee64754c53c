"""The filters of *Salesforce users*."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.bulk_writer import storable
from accounts.reach import person
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange
from integrations.user_sync.scope import in_scope
from integrations.user_sync.work import asked_in_tab, has_mapping

from .chosen_connection import chosen_connection
from .directory_verdicts import (
    could_get_account,
    records_waiting,
    with_verdict,
)
from .tab_access import opened

People = QuerySet[DirectoryUser]
#: A longer menu is no help; search finds the rest.
LONGEST_MENU = 200
MENU_FIELDS = ("profile_name", "role_name", "department", "license_name")


class AccountFilter(admin.SimpleListFilter):
    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("possible", "Could get an account"),
            ("none", "Without an account"),
            ("has", "With an account"),
            ("waiting", "Records waiting"),
            ("asked", "Asked to be added"),
            ("ignored", "Ignored"),
        ]

    def queryset(self, request: HttpRequest, queryset: People) -> People:
        match self.value():
            case "possible":
                connection = chosen_connection(request)
                return could_get_account(queryset, connection) if connection else queryset
            case "none":
                return queryset.filter(~has_mapping(), ignored_at__isnull=True)
            case "has":
                return queryset.filter(has_mapping())
            case "waiting":
                return queryset.filter(records_waiting())
            case "asked":
                return queryset.filter(asked_in_tab(), ~has_mapping(), ignored_at=None)
            case "ignored":
                return queryset.filter(ignored_at__isnull=False)
        return queryset


class ActiveFilter(admin.SimpleListFilter):
    title = "in Salesforce"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Active"), ("frozen", "Frozen"), ("no", "Left"), ("gone", "Not visible")]

    def queryset(self, request: HttpRequest, queryset: People) -> People:
        match self.value():
            case "yes":
                return queryset.filter(is_active=True, is_frozen=False, missing_since__isnull=True)
            case "frozen":
                return queryset.filter(is_active=True, is_frozen=True)
            case "no":
                return queryset.filter(is_active=False)
            case "gone":
                return queryset.filter(missing_since__isnull=False)
        return queryset


class TabFilter(admin.SimpleListFilter):
    title = "tab"
    parameter_name = "tab"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("yes", "Can open it"),
            ("no", "Cannot open it"),
            ("opened", "Opened it"),
            ("never", "Never opened it"),
        ]

    def queryset(self, request: HttpRequest, queryset: People) -> People:
        match self.value():
            case "yes":
                return queryset.filter(can_open_tab=True)
            case "no":
                return queryset.filter(can_open_tab=False)
            case "opened":
                return queryset.filter(opened())
            case "never":
                return queryset.filter(~opened())
        return queryset


class VerdictFilter(admin.SimpleListFilter):
    title = "what happens"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (PlannedChange.Action.CREATE.value, "New account"),
            (PlannedChange.Action.MAP.value, "Maps to an account"),
            (PlannedChange.Action.CONFLICT.value, "Conflict"),
            ("out", "Not for an account"),
        ]

    def queryset(self, request: HttpRequest, queryset: People) -> People:
        connection = chosen_connection(request)
        value = self.value()
        if connection is None or not value:
            return queryset
        if value == "out":
            return queryset.exclude(in_scope(connection, Approach.ON_DEMAND)).filter(~has_mapping())
        if value not in (choice for choice, _ in self.lookup_choices):
            return queryset
        return with_verdict(queryset, connection, PlannedChange.Action(value), person(request))


class MenuFilter(admin.SimpleListFilter):
    """One of the values that a column of the directory holds."""

    field: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        connection = chosen_connection(request)
        values = menus(connection)[self.field] if connection else []
        return [(value, value) for value in values]

    def queryset(self, request: HttpRequest, queryset: People) -> People:
        value = storable(self.value() or "")
        return queryset.filter(**{self.field: value}) if value else queryset


class ProfileFilter(MenuFilter):
    title, parameter_name, field = "profile", "profile", "profile_name"


class RoleFilter(MenuFilter):
    title, parameter_name, field = "role", "role", "role_name"


class DepartmentFilter(MenuFilter):
    title, parameter_name, field = "department", "department", "department"


class LicenseFilter(MenuFilter):
    title, parameter_name, field = "licence", "licence", "license_name"


def menus(connection: Connection) -> dict[str, list[str]]:
    """The values of the columns with a menu; read once after each refresh of the directory."""
    refreshed = connection.directory_refreshed_at
    key = f"directory-menus-{connection.pk}-{refreshed.timestamp() if refreshed else 'never'}"
    found: dict[str, list[str]] | None = cache.get(key)
    if found is None:
        found = _read_menus(connection)
        cache.set(key, found)
    return found


def _read_menus(connection: Connection) -> dict[str, list[str]]:
    combinations = list(
        DirectoryUser.objects.filter(connection=connection)
        .order_by()
        .values_list(*MENU_FIELDS)
        .distinct()
    )
    columns = zip(*combinations, strict=True) if combinations else [()] * len(MENU_FIELDS)
    return {
        field: sorted({value for value in column if value}, key=str.casefold)[:LONGEST_MENU]
        for field, column in zip(MENU_FIELDS, columns, strict=True)
    }
