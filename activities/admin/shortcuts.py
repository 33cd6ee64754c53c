from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import person
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A company has one row; support staff say of which."""
        user = person(request)
        return super().has_add_permission(request) and (
            user.is_superuser or not Shortcuts.objects.filter(company=user.company_id).exists()
        )
