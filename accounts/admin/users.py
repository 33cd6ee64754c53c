from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.team_choice import TeamChoice
from accounts.admin.user_actions import deactivate, reactivate, send_invitations
from accounts.admin.user_form import UserForm
from accounts.admin_base import CompanyScopedAdmin
from accounts.models import User
from accounts.reach import person
from accounts.usage import accounts_in_use

#: How a state looks; deactivated accounts stay grey.
CHIPS = {User.State.ACTIVE: "good", User.State.PENDING: "warn"}


class InvitedFilter(admin.SimpleListFilter):
    title = "invited"
    parameter_name = "invited"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[User]
    ) -> list[tuple[str, str]]:
        return [
            ("no", "Never invited"),
            ("waiting", "Invited, never logged in"),
            ("logged_in", "Has logged in"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "no":
                return queryset.filter(invited_at=None, last_login=None)
            case "waiting":
                return queryset.filter(invited_at__isnull=False, last_login=None)
            case "logged_in":
                return queryset.filter(last_login__isnull=False)
        return queryset


@admin.register(User)
class UserAdmin(CompanyScopedAdmin[User]):
    """Accounts. Their state changes by the actions only; passwords are set by their owners."""

    form = UserForm
    list_display = ["person", "team", "role", "state_chip", "last_login", "invited_at"]
    list_filter = ["state", "role", "team", InvitedFilter]
    list_select_related = ["team"]
    search_fields = ["search"]
    search_help_text = "Beginnings of names or e-mails."
    ordering = ["name", "id"]
    empty_value_display = ""
    autocomplete_fields = ["team"]
    actions = [send_invitations, deactivate, reactivate]
    readonly_fields = ["state", "invited_at", "last_login", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).defer("password", "search")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        who = ["company", "name", "email", "title", "team", "role"]
        more = ["time_zone", "federation_id", "hide_from_feed", "protected", "daily_digest"]
        if obj and obj.is_superuser:
            who, more = ["name", "email"], ["time_zone"]
        seen = ["state", "invited_at", "last_login", "created_at"]
        sections = [(None, {"fields": who}), ("More", {"fields": more})]
        if obj:
            sections.append(("What happened", {"fields": seen}))
        excluded = set(self.get_exclude(request, obj))
        return [
            (title, {"fields": [name for name in options["fields"] if name not in excluded]})
            for title, options in sections
        ]

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[User]]:
        form = super().get_form(request, obj, change, **kwargs)
        if "company" in form.base_fields:
            # Support staff are made by a command, not by leaving the company empty.
            form.base_fields["company"].required = True
        return form

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name == "team":
            kwargs["widget"] = TeamChoice(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description="person", ordering="name")
    def person(self, user: User) -> SafeString:
        return format_html("{}<small>{}</small>", user.name, user.email)

    @admin.display(description="state", ordering="state")
    def state_chip(self, user: User) -> SafeString:
        return format_html(
            '<span class="chip {}">{}</span>',
            CHIPS.get(User.State(user.state), ""),
            user.get_state_display(),
        )

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only an account that nobody ever used; others are deactivated, so that the past stays."""
        allowed: bool = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        return not obj.is_superuser and not accounts_in_use([obj.pk])

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm[User], change: bool
    ) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            self.message_user(
                request,
                format_html(
                    "{} cannot log in yet: nobody was written to. Use “Send invitation”.", obj
                ),
                messages.WARNING,
            )

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        return ["team", "company"] if person(request).is_superuser else ["team"]
