"""A workflow's form as a browser fills it in."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from integrations.models import Workflow

LIST = "/admin/integrations/workflow/"


def page(name: str, made: Workflow) -> str:
    return reverse(f"admin:integrations_workflow_{name}", args=[made.pk])


def filled(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    """The form as a browser would send it, with some changes."""
    shown = client.get(address)
    assert shown.status_code == 200
    values: dict[str, Any] = {}
    for form in (
        shown.context["form"],
        *shown.context["lines"],
        shown.context["lines"].management_form,
    ):
        for field in form:
            value = field.value()
            if value is not None and value is not False:
                values[field.html_name] = value
    return values | changes
