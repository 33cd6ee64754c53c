"""A reason or a note is kept as it can stand among other people's words, and is never a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from activities.text import isolated
from integrations.models import AccessRequest, Approach, Connection, SyncPlan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, people, person

from .browsing import LIST, button, page, the_plan
from .conftest import logged_in
from .odd_texts import TEXTS
from .safety import unsafe_in

#: Sends the text; gives the answer, and what was kept of it.
Sending = Callable[[Client, Connection, str], tuple[Any, str]]


def pausing(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    answer = client.post(page("pause", connection), {"reason": text})
    connection.refresh_from_db()
    return answer, connection.state_reason


def ignoring(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    ticked = {"_selected_action": [person(connection, 1).pk], "confirmed": "1"}
    answer = client.post(LIST, {"action": "ignore_users", "reason": text, **ticked})
    return answer, the_plan().changes.get().values["reason"]


def unlinking(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    one = person(connection, 1)
    mapping = mapped(connection, 1, account(connection.company, "one@example.com"))
    form = {"mapping": one.salesforce_id, "reason": text}
    answer = client.post(page("account_unlink", connection, mapping.account_id), form)
    one.refresh_from_db()
    return answer, one.unlinked_reason


def rejecting(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    person(connection, 1)
    waiting = account(connection.company, "p@example.com", state=User.State.PENDING)
    form = {"mapping": [mapped(connection, 1, waiting).pk], "act": "reject", "reason": text}
    answer = client.post(page("pending", connection), form)
    return answer, the_plan().changes.get().values["ignore"]


def refusing_rows(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    held = plan_import(connection, [person(connection, 1)], by=None, approach=Approach.AUTOMATIC)
    SyncPlan.objects.update(state=SyncPlan.State.HELD)
    answer = client.post(button(held, "refuse"), {"reason": text})
    return answer, held.changes.get().values["reason"]


def requesting(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    people(connection, [1])
    client.post(page("all_active_preview", connection))
    form = {"plan": the_plan().pk, "note": text}
    answer = client.post(page("all_active_decide", connection, "request"), form)
    return answer, AccessRequest.objects.get().note


def refusing_a_request(client: Client, connection: Connection, text: str) -> tuple[Any, str]:
    requesting(client, connection, "For all")
    request = AccessRequest.objects.get()
    form = {"request": request.pk, "plan": request.plan_id, "reason": text}
    staff = logged_in(User.objects.get(is_superuser=True))
    answer = staff.post(page("all_active_decide", connection, "refuse"), form)
    request.refresh_from_db()
    return answer, request.decision_reason


LONGEST: dict[Sending, int] = {
    pausing: 500,
    ignoring: 255,
    unlinking: 255,
    rejecting: 255,
    refusing_rows: 255,
    requesting: 2_000,
    refusing_a_request: 2_000,
}


@pytest.mark.usefixtures("support")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("sending", LONGEST, ids=lambda sending: sending.__name__)
def test_a_reason_is_kept_as_it_can_be_shown(
    client: Client, connection: Connection, sending: Sending, text: str
) -> None:
    answer, kept = sending(client, connection, text)
    assert answer.status_code == 302
    assert kept[:3] == text[:3]
    assert len(kept) <= LONGEST[sending]
    assert isolated(kept) == kept
    shown = client.get(answer.headers["Location"])
    assert shown.status_code == 200
    assert not unsafe_in(shown.content.decode())
