"""Workflows made from a template or from scratch, and their conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from activities.models import ActivityType
from integrations.admin.workflow_forms import WorkflowForm
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Workflow
from integrations.record_sync import previewing
from integrations.record_sync.templates import TEMPLATES, create_from_template
from tests.integrations.admin.browsing import messages
from tests.integrations.record_sync.world import deal, rep, switched_on, workflow

from .workflow_form import LIST, filled, page

State = Workflow.State


def test_one_press_on_a_template_makes_a_workflow_that_is_off(
    client: Client, connection: Connection
) -> None:
    answer = client.post(f"{LIST}add/?connection={connection.pk}", {"template": "closed-won"})
    made = Workflow.objects.get()
    assert answer.headers["Location"] == page("change", made)
    assert (made.name, made.state, made.conditions.count()) == ("Closed-won deals", State.OFF, 1)
    for shown in (client.get(page("change", made)), client.get(LIST)):
        assert "Opportunity where Won is yes" in shown.text
    again = client.post(f"{LIST}add/?connection={connection.pk}", {"template": "closed-won"})
    assert "already a workflow" in messages(again)
    assert Workflow.objects.count() == 1


SCRATCH = f"{LIST}add/?object=Opportunity"


def test_one_from_scratch_offers_the_objects_own_fields(
    client: Client, connection: Connection
) -> None:
    shown = client.get(SCRATCH)
    choices = dict(shown.context["form"].fields["user_field"].choices)
    assert {"OwnerId", "CreatedById"} <= set(choices)
    assert "AccountId" not in choices


@pytest.fixture
def big_ones(client: Client, connection: Connection) -> dict[str, Any]:
    """The form of a new workflow about money, all but the field with the amount."""
    kind = ActivityType.objects.create(
        company=connection.company, name="Big deals", sentence="won big", unit="money"
    )
    conditions = (
        ("StageName", "in", "closed won, Negotiation/Review"),
        ("Amount", "at_least", "1 000.50"),
    )
    lines = {
        f"condition-{line}-{name}": text
        for line, texts in enumerate(conditions)
        for name, text in zip(("field", "operator", "value"), texts, strict=True)
    }
    return filled(
        client,
        SCRATCH,
        name="Big ones",
        activity_type=kind.pk,
        user_field="OwnerId",
        date_field="CloseDate",
        title_field="Name",
        object="Opportunity",
        **lines,
    )


def test_money_needs_the_field_with_the_amount(client: Client, big_ones: dict[str, Any]) -> None:
    refused = client.post(SCRATCH, big_ones)
    assert "choose the field with the amount" in refused.text
    assert not Workflow.objects.exists()


def test_conditions_are_kept_in_the_types_of_their_fields(
    client: Client, big_ones: dict[str, Any]
) -> None:
    answer = client.post(SCRATCH, big_ones | {"value_field": "Amount"})
    assert answer.status_code == 302
    made = Workflow.objects.get()
    assert (made.state, made.value_field) == (State.OFF, "Amount")
    assert list(made.conditions.order_by("position").values_list("field", "operator", "value")) == [
        ("StageName", "in", ["Closed Won", "Negotiation/Review"]),
        ("Amount", "at_least", 1000.5),
    ]


@pytest.mark.parametrize(
    ("field", "operator", "value", "words"),
    [
        ("Amount", "greater", "a lot", "is a number"),
        ("IsWon", "equals", "maybe", "is yes or no"),
        ("IsWon", "greater", "yes", "choose “is” or “is not”"),
        ("CloseDate", "at_least", "31.1.2026", "write it like 2026-01-31"),
        ("OwnerId", "equals", "Ann", "Salesforce id"),
        ("StageName", "equals", "Woon", "Salesforce offers no “Woon”"),
        ("StageName", "equals", "", "Say with what"),
    ],
)
def test_a_value_that_the_field_cannot_have_is_refused_at_its_line(
    client: Client, connection: Connection, field: str, operator: str, value: str, words: str
) -> None:
    made = workflow(connection)
    form = filled(client, page("change", made))
    line = {"condition-1-field": field, "condition-1-operator": operator}
    answer = client.post(page("change", made), form | line | {"condition-1-value": value})
    assert answer.status_code == 200
    assert words in answer.text
    assert made.conditions.count() == 1


@pytest.mark.parametrize("switched", [workflow, switched_on])
def test_a_name_that_was_taken_a_moment_ago_is_refused_at_its_field(
    client: Client,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    switched: Callable[[Connection], Workflow],
) -> None:
    made = switched(connection)
    create_from_template(connection, TEMPLATES["call-logged"], by=None, name="Calls")
    form = filled(client, page("change", made), name="Calls")
    monkeypatch.setattr(WorkflowForm, "validate_unique", lambda form: None)  # it was free then
    refused = client.post(page("change", made), form)
    assert refused.context["form"].errors == {"name": ["There is already a workflow “Calls”."]}
    made.refresh_from_db()
    assert made.name == "Closed-won deals"


def test_a_new_name_alone_is_saved_without_a_preview_however_many_records_there_are(
    client: Client, connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = rep(org, "Ann")
    deal(org, ann)
    deal(org, ann)
    on = switched_on(connection)
    monkeypatch.setattr(previewing, "MOST_JUDGED", 1)
    form = filled(client, page("change", on), name="Won")
    assert client.post(page("change", on), form | {"date_field": "CreatedDate"}).context["preview"]
    assert client.post(page("change", on), form).status_code == 302
    on.refresh_from_db()
    assert on.name == "Won"


@pytest.mark.parametrize(
    ("typed", "kept"), [("Won \u202esla\x07ed", "Won sla ed"), ("\u202e", "Closed-won deals")]
)
def test_a_name_is_kept_without_what_would_turn_others_words(
    client: Client, connection: Connection, typed: str, kept: str
) -> None:
    made = workflow(connection)
    answer = client.post(page("change", made), filled(client, page("change", made), name=typed))
    assert (answer.status_code == 200) == (kept == made.name), "refused where nothing is left"
    made.refresh_from_db()
    assert made.name == kept
