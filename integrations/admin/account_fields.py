"""The account's page in the admin, with what this package knows: the account's Salesforce user."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.admin.users import UserAdmin
from accounts.models import User
from accounts.time_zone import written_day
from integrations.models import Connection, DirectoryUser, UserMapping
from integrations.user_sync.attributes import follows_salesforce

State = Connection.State

admin.site.unregister(User)


@admin.register(User)
class MappedUserAdmin(UserAdmin):
    """`accounts` knows nothing of Salesforce, so the field is added here."""

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        sections = super().get_fieldsets(request, obj)
        if obj is None or obj.company_id is None:
            return sections
        fields = ["salesforce_user"]
        if follows_salesforce(obj):
            fields.append("follows")
        return [sections[0], ("Salesforce", {"fields": fields}), *sections[1:]]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        """What Salesforce wins is changed there."""
        readonly = [*super().get_readonly_fields(request, obj), "salesforce_user", "follows"]
        followed = follows_salesforce(obj) if obj and obj.company_id else {}
        return [*readonly, *followed]  # attributes are called as the account's fields are

    @admin.display(description="Salesforce user")
    def salesforce_user(self, account: User) -> SafeString:
        """Each connection's, with a link to where it is changed."""
        connections = Connection.objects.filter(company=account.company_id).exclude(
            state__in=(State.NOT_CONNECTED, State.TERMINATED)
        )
        lines = [_line(one, account) for one in connections.order_by("pk")]
        if not lines:
            return SafeString("No Salesforce user: no activity will arrive.")
        return format_html_join("", '<p>{} <a href="{}">{}</a></p>', lines)

    @admin.display(description="Salesforce decides")
    def follows(self, account: User) -> SafeString:
        return format_html_join(
            "",
            "<p>{}, since {}</p>",
            (
                (rule.get_attribute_display(), written_day(rule.policy_since))
                for rule in follows_salesforce(account).values()
            ),
        )


def _line(connection: Connection, account: User) -> tuple[str, str, str]:
    """The words, the address where it is changed, and the link's words."""
    page = _page(connection, account)
    mapping = UserMapping.objects.filter(
        connection=connection, account=account, is_current=True
    ).first()
    if mapping is None:
        return "No Salesforce user: no activity will arrive.", page, "Choose one"
    person = DirectoryUser.objects.filter(
        connection=connection, salesforce_id=mapping.salesforce_user_id
    ).first()
    shown = f"{person} ({person.username})" if person else mapping.salesforce_user_id
    return f"{shown}, {mapping.get_approach_display().lower()}.", page, "Change"


def _page(connection: Connection, account: User) -> str:
    return reverse("admin:integrations_connection_account", args=[connection.pk, account.pk])
