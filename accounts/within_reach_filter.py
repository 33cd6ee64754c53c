"""A filter of a list that names nobody else's rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.filters import RelatedFieldListFilter
from django.http import HttpRequest

from accounts.reach import person, within_reach


class WithinReachFilter(RelatedFieldListFilter):
    """A filter over a foreign key that offers only rows within the person's reach."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        rows = within_reach(field.related_model._default_manager.all(), person(request))
        ordering = self.field_admin_ordering(field, request, model_admin)
        chosen = rows.order_by(*ordering) if ordering else rows
        return [(str(row.pk), str(row)) for row in chosen]
