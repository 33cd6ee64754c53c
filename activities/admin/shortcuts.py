from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_base import CompanyScopedAdmin
from activities.models import Shortcuts


@admin.register(Shortcuts)
class ShortcutsAdmin(CompanyScopedAdmin[Shortcuts]):
    """Which pages stand beside the feed; a company without a row of its own shows all."""

    list_display = ["name", "leaderboard", "my_activity", "report_by_hand", "manage_integration"]
    fields = ["company", "leaderboard", "my_activity", "report_by_hand", "manage_integration"]
    actions = None

    @admin.display(description="Shortcuts")
    def name(self, shortcuts: Shortcuts) -> str:
        return "Beside the feed"

    def get_readonly_fields(self, request: HttpRequest, obj: Shortcuts | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["company"] if obj else [])]
