"""The admin's pages about accounts, as an admin uses them."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User

LIST = "/admin/accounts/user/"


def change_url(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def form_data(**values: object) -> dict[str, object]:
    values = {"daily_digest": "on", **values}
    return {"name": "Nia New", "email": "nia@acme.example", "role": "member", **values}


def act(client: Client, action: str, *users: User, **data: object) -> Any:
    ids = [user.pk for user in users]
    return client.post(LIST, {"action": action, "_selected_action": ids, **data}, follow=True)


def errors_of(response: Any) -> str:
    """What the page of a form says is wrong with it."""
    assert response.status_code == 200
    return str(response.context["adminform"].form.errors)
