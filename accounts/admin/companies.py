from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_base import CompanyScopedAdmin
from accounts.models import Company
from accounts.reach import person
from accounts.seats import count_seats


@admin.register(Company)
class CompanyAdmin(CompanyScopedAdmin[Company]):
    """A company admin sees their own; what it has bought is for support staff to change.

    A company is never deleted here: its audit entries stay.
    """

    list_display = ["name", "time_zone", "currency", "seat_limit", "created_at"]
    ordering = ["name"]
    search_fields = ["name", "slug"]
    fields = [
        "name",
        "slug",
        "time_zone",
        "currency",
        "seat_limit",
        "seats_used",
        "may_approve_own_requests",
        "created_at",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Company | None = None) -> list[Any]:
        readonly = ["seats_used", "created_at"]
        if not person(request).is_superuser:
            readonly += ["slug", "seat_limit", "may_approve_own_requests"]
        return readonly

    def get_prepopulated_fields(self, request: HttpRequest, obj: Company | None = None) -> Any:
        return {"slug": ["name"]} if person(request).is_superuser and obj is None else {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return person(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Company | None = None) -> bool:
        return False

    @admin.display(description="seats used")
    def seats_used(self, company: Company) -> str:
        return str(count_seats(company).used) if company.pk else "-"
