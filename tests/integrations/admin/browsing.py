"""The list of Salesforce users as a browser uses it: what was shown is posted with the ticks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.test import Client
from django.urls import reverse

from integrations.models import Connection, DirectoryUser, SyncPlan

LIST = "/admin/integrations/directoryuser/"


def shown(client: Client, address: str = LIST) -> list[str]:
    """What the rows of the list say, as their hidden fields carry it."""
    page = client.get(address)
    assert page.status_code == 200
    return [row.shown for row in page.context["cl"].listed]


def press(
    client: Client,
    action: str,
    people: Iterable[DirectoryUser],
    *,
    address: str = LIST,
    **fields: Any,
) -> Any:
    """Tick these people on the list as it is now, and press the button."""
    ticks = [str(one.pk) for one in people]
    form = {
        "action": action,
        "index": "0",
        "select_across": "0",
        "_selected_action": ticks,
        "shown": shown(client, address),
    }
    return client.post(address, form | fields)


def messages(response: Any) -> str:
    """The messages that the next page will show."""
    return " ".join(str(message) for message in response.wsgi_request._messages)


def page_of(plan: SyncPlan) -> str:
    return reverse("admin:integrations_syncplan_change", args=[plan.pk])


def button(plan: SyncPlan, name: str, *more: int) -> str:
    return reverse(f"admin:integrations_syncplan_{name}", args=[plan.pk, *more])


def list_of(connection: Connection) -> str:
    return f"{LIST}?connection={connection.pk}"
