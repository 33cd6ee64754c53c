"""The admin as a browser uses it: addresses, what a page says, and what its buttons post."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import people

HOME = "/admin/"
LIST = "/admin/integrations/directoryuser/"


def home(client: Client) -> str:
    return html_at(client, HOME)


def html_of(client: Client, plan: SyncPlan, query: str = "") -> str:
    return html_at(client, page_of(plan) + query)


def html_at(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


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


def page(name: str, connection: Connection, *more: object) -> str:
    """The address of a page below the connection's."""
    return reverse(f"admin:integrations_connection_{name}", args=[connection.pk, *more])


def page_of(plan: SyncPlan) -> str:
    return reverse("admin:integrations_syncplan_change", args=[plan.pk])


def button(plan: SyncPlan, name: str, *more: int) -> str:
    return reverse(f"admin:integrations_syncplan_{name}", args=[plan.pk, *more])


def list_of(connection: Connection) -> str:
    return f"{LIST}?connection={connection.pk}"


def draft(connection: Connection, by: User, number: int = 3) -> SyncPlan:
    """A plan to import new people."""
    return plan_import(connection, people(connection, range(1, number + 1)), by=by)


def the_plan() -> SyncPlan:
    """The only one there is."""
    return SyncPlan.objects.get()


def ticks(plan: SyncPlan) -> dict[str, list[int]]:
    """What a plan's page posts where every row is listed and ticked."""
    rows = list(plan.changes.values_list("pk", flat=True))
    return {"listed": rows, "row": rows}
