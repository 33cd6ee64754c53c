"""A connection's page: four steps from an app in Salesforce to a checked connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.admin_base import CompanyScopedAdmin
from accounts.models import Company
from accounts.reach import person
from integrations.credentials import store_app_keys
from integrations.models import Connection

from . import subpages
from .chosen_connection import changeable_connection
from .connection_forms import KeysForm, NamedConnectionForm, SettingsForm
from .connection_page import STATE_CHIPS, keys_set_at, page_context, shown, to_page

State = Connection.State


@admin.register(Connection)
class ConnectionAdmin(CompanyScopedAdmin[Connection]):
    list_display = ("__str__", "state_shown", "connecting_user", "login_url")
    list_display_links = ("__str__",)
    ordering = ("company", "name", "pk")
    form = NamedConnectionForm
    fields = ("company", "name")
    actions = None

    @admin.display(description="state", ordering="state")
    def state_shown(self, connection: Connection) -> str:
        kind = STATE_CHIPS[State(connection.state)]
        words = connection.get_state_display()
        return format_html('<span class="chip dot {}">{}</span>', kind, words)

    @admin.display(description="connecting user", ordering="connecting_user_name")
    def connecting_user(self, connection: Connection) -> str:
        return connection.connecting_user_name

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        """Only one that never was: everything else ends by being terminated."""
        never_used = obj is not None and obj.state == State.NOT_CONNECTED
        return never_used and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        def page(route: str, view: Any, name: str) -> URLPattern:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(view)
            return path(route, wrapped, name=f"integrations_connection_{name}")

        return [
            page("connect/", self.connect_view, "connect"),
            page("<int:connection_id>/keys/", self.keys_view, "keys"),
            page("<int:connection_id>/settings/", self.settings_view, "settings"),
            *(
                page("<int:connection_id>/" + tail, view, name)
                for tail, view, name in subpages.urls()
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Connections", **(extra_context or {})}
        page: HttpResponse = super().changelist_view(request, context)
        return page

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        only_add = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**only_add, **(extra_context or {})})

    def response_add(
        self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None
    ) -> HttpResponse:
        return to_page(obj)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        connection = self.get_object(request, object_id)
        assert connection is not None
        if not self.has_view_permission(request, connection):
            raise PermissionDenied
        return self._page(request, connection)

    @method_decorator(require_POST)
    def connect_view(self, request: HttpRequest) -> HttpResponse:
        """“Connect Salesforce”: the company's connection, made when there is none yet."""
        by = person(request)
        if not self.has_add_permission(request):
            raise PermissionDenied
        if by.company_id is None:
            return redirect("admin:integrations_connection_add")
        with transaction.atomic():
            # The second click of two waits here, and finds the connection of the first.
            Company.objects.select_for_update(no_key=True).get(pk=by.company_id)
            connection = self.get_queryset(request).exclude(state=State.TERMINATED).first()
            if connection is None:
                connection = Connection.objects.create(company_id=by.company_id)
                audit.record("created", connection, by=by, request=request)
        return to_page(connection)

    @method_decorator([require_POST, sensitive_post_parameters()])
    def keys_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = changeable_connection(request, connection_id)
        form = KeysForm(request.POST, has_keys=keys_set_at(connection) is not None)
        if not form.is_valid():
            return self._page(request, connection, keys_form=form)
        before = connection.login_url
        connection.login_url = form.cleaned_data["login_url"]
        with transaction.atomic():
            if form.keys is not None:
                store_app_keys(connection, form.keys)
            connection.save(update_fields=["login_url"])
            audit.record(
                "connection.keys",
                connection,
                by=person(request),
                request=request,
                before={"My Domain": before},
                after={"My Domain": connection.login_url, "new key": form.keys is not None},
            )
        self.message_user(request, "Saved. Now log in to Salesforce.", messages.SUCCESS)
        return to_page(connection)

    @method_decorator(require_POST)
    def settings_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = changeable_connection(request, connection_id)
        form = SettingsForm(request.POST, instance=connection)
        if not form.is_valid():
            connection.refresh_from_db()
            return self._page(request, connection, settings_form=form)
        self.save_model(request, connection, form, change=True)
        self.message_user(request, "Saved.", messages.SUCCESS)
        return to_page(connection)

    def _page(self, request: HttpRequest, connection: Connection, **forms: Any) -> HttpResponse:
        return shown(request, connection, "page", **page_context(connection, **forms))
