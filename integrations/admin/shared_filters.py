"""Filters that several lists have: of a connection, and over a column with fixed choices."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.reach import person

from .chosen_connection import chosen_connection, visible_connections


class ColumnFilter(admin.SimpleListFilter):
    """Over a column with fixed choices; subclasses name both."""

    choices_of_column: list[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return self.choices_of_column

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value not in dict(self.choices_of_column):
            return queryset
        return queryset.filter(**{str(self.parameter_name): value})


class ConnectionFilter(admin.SimpleListFilter):
    """A menu where the company has several; support staff come with one in the address."""

    title, parameter_name = "connection", "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = chosen_connection(request)
        if chosen is None:
            return []
        choices = visible_connections(person(request)).filter(company=chosen.company_id)
        several = len(choices) > 1 or request.user.is_superuser
        return [(str(one.pk), str(one)) for one in choices] if several else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(connection=chosen_connection(request)) if value else queryset
