"""The pages of workflows: what they say while something is wrong, and who may see them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from integrations.models import Connection, Workflow
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import TransientError
from tests.integrations.admin.safety import unsafe_in
from tests.integrations.record_sync.world import switched_on, workflow

from .workflow_form import LIST, page

State = Workflow.State


def test_what_is_wrong_with_a_workflow_is_shown(client: Client, connection: Connection) -> None:
    made = workflow(connection)
    problem = "Salesforce shows no field Amount of Opportunity any more."
    Workflow.objects.filter(pk=made.pk).update(state=State.NEEDS_ATTENTION, problem=problem)
    assert problem in client.get(page("change", made)).text
    assert problem in client.get(LIST, {"connection": connection.pk}).text


def test_fields_are_shown_as_last_read_while_salesforce_cannot_be_asked(
    client: Client, connection: Connection
) -> None:
    made = switched_on(connection)
    Connection.objects.update(state=Connection.State.PAUSED, state_reason="Tests.")
    shown = client.get(page("change", made))
    assert "as they were last read" in shown.text
    assert "CloseDate" in dict(shown.context["form"].fields["date_field"].choices)


def test_no_page_needs_anything_inline(client: Client, connection: Connection) -> None:
    made = workflow(connection)
    for address in (
        f"{LIST}?connection={connection.pk}",
        f"{LIST}add/?connection={connection.pk}",
        *(page(name, made) for name in ("change", "switch")),
    ):
        assert not unsafe_in(client.get(address).text), address


def test_another_companys_workflow_is_not_found(
    client: Client, other_connection: Connection
) -> None:
    foreign = workflow(other_connection)
    for name in ("change", "switch"):
        assert client.get(page(name, foreign)).status_code == 404
    for name in ("change", "switch", "read_again"):
        assert client.post(page(name, foreign), {"act": "on"}).status_code == 404
    assert client.get(LIST, {"connection": other_connection.pk}).status_code == 404
    answer = client.post(
        f"{LIST}add/?connection={other_connection.pk}", {"template": "call-logged"}
    )
    assert answer.status_code == 404
    assert Workflow.objects.count() == 1


def test_where_salesforce_does_not_answer_the_next_page_does_not_wait_for_it(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def describe(self: SalesforceClient, object_name: str) -> dict[str, Any]:
        asked.append(object_name)
        raise TransientError("Salesforce did not answer.")

    monkeypatch.setattr(SalesforceClient, "describe", describe)
    made = workflow(connection)
    for _ in range(2):
        assert "Salesforce did not answer." in client.get(page("change", made)).text
    assert asked == ["Opportunity"]
