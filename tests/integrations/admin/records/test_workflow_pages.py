"""Workflows by their pages: made in a minute, tried, switched, changed after a preview."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities.models import ActivityReport, ActivityType
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SalesforceRecord, SyncRun, Workflow
from integrations.record_sync import backfilling, due
from tests.integrations.admin.browsing import messages
from tests.integrations.admin.test_pages_are_safe import Inline
from tests.integrations.record_sync.world import (
    account,
    deal,
    rep,
    reports,
    switched_on,
    workflow,
)

State = Workflow.State
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


def filled_value(answer: Any, name: str) -> Any:
    """What stands in a field of the conditions after the form came back."""
    found = [field for line in answer.context["lines"] for field in line]
    return next(field.value() for field in found if field.html_name == name)


def test_one_press_on_a_template_makes_a_workflow_that_is_off(
    client: Client, connection: Connection
) -> None:
    answer = client.post(f"{LIST}add/?connection={connection.pk}", {"template": "closed-won"})
    made = Workflow.objects.get()
    assert answer.headers["Location"] == page("change", made)
    assert (made.name, made.state, made.conditions.count()) == ("Closed-won deals", State.OFF, 1)
    shown = client.get(LIST, {"connection": connection.pk}).text
    assert "Opportunity where IsWon is yes" in shown
    again = client.post(f"{LIST}add/?connection={connection.pk}", {"template": "closed-won"})
    assert "already a workflow" in messages(again)
    assert Workflow.objects.count() == 1


def test_one_from_scratch_offers_the_objects_own_fields(
    client: Client, connection: Connection
) -> None:
    kind = ActivityType.objects.create(
        company=connection.company, name="Big deals", sentence="won big", unit="money"
    )
    address = f"{LIST}add/?connection={connection.pk}&object=Opportunity"
    shown = client.get(address)
    choices = dict(shown.context["form"].fields["user_field"].choices)
    assert {"OwnerId", "CreatedById"} <= set(choices)
    assert "AccountId" not in choices
    form = filled(
        client,
        address,
        name="Big ones",
        activity_type=kind.pk,
        user_field="OwnerId",
        date_field="CloseDate",
        title_field="Name",
        object="Opportunity",
        **{
            "condition-0-field": "StageName",
            "condition-0-operator": "in",
            "condition-0-value": "closed won, Negotiation/Review",
            "condition-1-field": "Amount",
            "condition-1-operator": "at_least",
            "condition-1-value": "1 000.50",
        },
    )
    refused = client.post(address, form)
    assert "choose the field with the amount" in refused.text
    answer = client.post(address, form | {"value_field": "Amount"})
    assert answer.status_code == 302, (
        answer.context["form"].errors,
        answer.context["lines"].errors,
    )
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


def test_trying_it_shows_what_colleagues_would_see_and_writes_nothing(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    deal(org, ann, Amount=1234.5, Name="<b>Acme</b>")
    deal(org, bob)
    made = workflow(connection)
    form = filled(client, page("change", made), act="try", days="30")
    answer = client.post(page("change", made), form)
    assert [words for words, _, _ in answer.context["counts"]] == [
        "Would be reported",
        "Would be held",
    ]
    assert "1,234.50 NOK" in answer.text
    assert "&lt;b&gt;Acme&lt;/b&gt;" in answer.text
    assert "Would be held" in answer.text
    assert not SalesforceRecord.objects.exists()
    assert not ActivityReport.objects.exists()


def test_a_trial_that_salesforce_refuses_says_why(client: Client, connection: Connection) -> None:
    made = workflow(connection)
    Workflow.objects.filter(pk=made.pk).update(object_name="Nothing__c")
    form = filled(client, page("change", made), act="try")
    answer = client.post(page("change", made), form)
    assert answer.status_code == 200
    assert "Salesforce shows no object Nothing__c." in answer.text


def test_a_trial_lists_the_newest_first(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    for day in (2, 9, 5):
        deal(org, ann, CloseDate=date(2026, 3, day), Name=f"{day} March")
    made = workflow(connection)
    answer = client.post(page("change", made), filled(client, page("change", made), act="try"))
    titles = [row.title for row in answer.context["reported"]]
    assert titles == ["9 March", "5 March", "2 March"]


def test_a_trial_without_access_says_where_to_reconnect(
    client: Client, connection: Connection
) -> None:
    made = workflow(connection)
    form = filled(client, page("change", made), act="try")
    Connection.objects.update(state=Connection.State.RECONNECT_REQUIRED)
    answer = client.post(page("change", made), form)
    assert "the connection is not in use (reconnect required)" in answer.text
    assert "Reconnect it on the page of the connection" in answer.text


def test_what_the_form_says_is_tried_before_anything_is_saved(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann, Amount=10.0, Name="Small")
    deal(org, ann, Amount=5000.0, Name="Big")
    made = workflow(connection)
    condition = {
        "condition-1-field": "Amount",
        "condition-1-operator": "greater",
        "condition-1-value": "100",
    }
    form = filled(client, page("change", made), act="try", **condition)
    answer = client.post(page("change", made), form)
    assert [row.title for row in answer.context["reported"]] == ["Big"]
    assert filled_value(answer, "condition-1-value") == "100"
    assert made.conditions.count() == 1


def test_a_workflow_is_tried_before_it_is_made(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann, Amount=1234.5)
    kind = ActivityType.objects.create(
        company=connection.company, name="Deals", sentence="won", unit="money"
    )
    address = f"{LIST}add/?connection={connection.pk}&object=Opportunity"
    form = filled(
        client,
        address,
        name="All of them",
        activity_type=kind.pk,
        user_field="OwnerId",
        value_field="Amount",
        date_field="CloseDate",
        object="Opportunity",
    )
    tried = client.post(address, form | {"act": "try", "days": "7"})
    assert "1,234.50 NOK" in tried.text
    assert not Workflow.objects.exists()
    assert client.post(address, form).status_code == 302
    assert Workflow.objects.get().name == "All of them"


def test_switching_on_since_a_day_reads_what_happened_since(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann)
    made = workflow(connection)
    missing = client.post(page("switch", made), {"act": "on", "begin": "since"})
    assert "Say since which day." in missing.text
    client.post(page("switch", made), {"act": "on", "begin": "since", "since": "2020-01-01"})
    made.refresh_from_db()
    assert (made.state, made.counts_from) == (State.ON, date(2020, 1, 1))
    backfilling.backfill(SyncRun.objects.get(kind=SyncRun.Kind.BACKFILL).pk)
    assert set(reports()) == {won["Id"]}
    assert "1" in client.get(LIST, {"connection": connection.pk}).text


def test_one_whose_field_is_gone_is_not_switched_on(client: Client, connection: Connection) -> None:
    made = workflow(connection, title_field="Gone__c")
    answer = client.post(page("switch", made), {"act": "on", "begin": "now"})
    assert "Salesforce shows no field Gone__c" in answer.text
    made.refresh_from_db()
    assert made.state == State.OFF


def test_a_change_of_one_that_is_on_is_previewed_before_it_happens(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann, Amount=10.0)
    big = deal(org, ann, Amount=5000.0)
    made = switched_on(connection)
    form = filled(client, page("change", made)) | {
        "condition-1-field": "Amount",
        "condition-1-operator": "greater",
        "condition-1-value": "100",
    }
    preview = client.post(page("change", made), form)
    assert "Save, and take back 1 report" in preview.text
    assert made.conditions.count() == 1
    another = form | {"condition-1-value": "9000", "previewed": preview.context["previewed"]}
    assert "take back 2 reports" in client.post(page("change", made), another).text
    client.post(page("change", made), form | {"previewed": preview.context["previewed"]})
    due.evaluate_due(connection)
    assert set(reports()) == {big["Id"]}


@pytest.mark.parametrize(("act", "left"), [("keep", 1), ("take_back", 0)])
def test_switching_off_keeps_the_reports_or_takes_them_back(
    client: Client, connection: Connection, org: DemoOrg, act: str, left: int
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    made = switched_on(connection)
    assert "take back 1" in client.get(page("switch", made)).text
    client.post(page("switch", made), {"act": act})
    due.evaluate_due(connection)
    made.refresh_from_db()
    assert (made.state, len(reports())) == (State.OFF, left)


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
        parser = Inline()
        parser.feed(client.get(address).text)
        assert not parser.forbidden, address


def test_another_companys_workflow_is_not_found(
    client: Client, other_connection: Connection
) -> None:
    foreign = workflow(other_connection)
    for name in ("change", "switch"):
        assert client.get(page(name, foreign)).status_code == 404
        assert client.post(page(name, foreign), {"act": "on"}).status_code == 404
    assert client.get(LIST, {"connection": other_connection.pk}).status_code == 404
    answer = client.post(
        f"{LIST}add/?connection={other_connection.pk}", {"template": "call-logged"}
    )
    assert answer.status_code == 404
    assert Workflow.objects.count() == 1
