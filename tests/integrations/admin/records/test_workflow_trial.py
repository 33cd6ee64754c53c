"""*Try it*: what a workflow would report, before anything is saved."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.test import Client

from activities.models import ActivityReport, ActivityType
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SalesforceRecord, Workflow
from tests.integrations.record_sync.world import account, deal, rep, workflow

from .workflow_form import LIST, filled, page


def filled_value(answer: Any, name: str) -> Any:
    """What stands in a field of the conditions after the form came back."""
    found = [field for line in answer.context["lines"] for field in line]
    return next(field.value() for field in found if field.html_name == name)


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
