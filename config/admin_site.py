from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

#: What the admin shows, in this order, under these headings. Anything else has no page of its own.
HEADINGS: dict[str, tuple[str, ...]] = {
    "Salesforce": (
        "Connection",
        "DirectoryUser",
        "UserMapping",
        "SyncPlan",
        "Workflow",
        "SalesforceRecord",
        "SyncRun",
    ),
    "Activity": ("ActivityReport", "ActivityType", "Comment", "Shortcuts"),
    "People": ("User", "Team", "Company"),
    "Audit": ("AuditEntry",),
}


class ScorelineAdminSite(admin.AdminSite):
    """The stock admin under the product's own name, opening with the start page."""

    site_header = settings.PRODUCT_NAME
    site_title = settings.PRODUCT_NAME
    site_url = None
    index_title = "Salesforce"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The start page: the connection, the next step, what waits for a person."""
        from integrations.admin.start_page import start_page

        return super().index(request, {**start_page(request), **(extra_context or {})})

    @method_decorator(never_cache)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one log-in page; who is logged in and still lands here may not come in."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return redirect_to_login(wanted)

    def logout(  # type: ignore[override] # the stubs know Django's own pages only
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return LogoutView.as_view()(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("change_password")

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """The models under our headings; one app's own page keeps Django's grouping."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["object_name"]: model for app in apps for model in app["models"]}
        return [
            _heading(name, shown)
            for name, wanted in HEADINGS.items()
            if (shown := [models[model] for model in wanted if model in models])
        ]


def _heading(name: str, models: list[dict[str, Any]]) -> dict[str, Any]:
    label = models[0]["model"]._meta.app_label
    return {
        "name": name,
        "app_label": label,
        "app_url": reverse("admin:app_list", args=[label])
        if len(models) > 1
        else models[0]["admin_url"],
        "has_module_perms": True,
        "models": models,
    }
