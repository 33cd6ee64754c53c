from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_base import CompanyScopedAdmin
from activities.models import ActivityType


@admin.register(ActivityType)
class ActivityTypeAdmin(CompanyScopedAdmin[ActivityType]):
    list_display = ["name", "sentence", "unit", "use"]
    list_filter = ["unit", "in_feed"]
    ordering = ["name"]
    search_fields = ["name"]
    fields = [
        "company",
        "name",
        "sentence",
        "unit",
        "in_feed",
        "shows_value",
        "celebrate_from",
        "by_hand",
    ]
    actions = None

    @admin.display(description="use")
    def use(self, activity_type: ActivityType) -> str:
        amount = "with amounts" if activity_type.shows_value else "without amounts"
        place = f"In the feed, {amount}" if activity_type.in_feed else "Not in the feed"
        return f"{place}; may be reported by hand" if activity_type.by_hand else place

    def get_readonly_fields(
        self, request: HttpRequest, obj: ActivityType | None = None
    ) -> list[Any]:
        """What was counted as money stays money: the unit is fixed by the first report."""
        fixed = ["unit"] if obj is not None and obj.reports.exists() else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request: HttpRequest, obj: ActivityType | None = None) -> bool:
        """Only while nothing was reported: Django would list all reports that stand in the way."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not obj.reports.exists())
