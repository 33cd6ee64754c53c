"""Workflows switched on and off, and changed after a preview."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SyncRun, Workflow
from integrations.record_sync import backfilling, due
from tests.integrations.record_sync.world import account, deal, rep, reports, switched_on, workflow

from .workflow_form import LIST, filled, page

State = Workflow.State


def test_switching_on_since_a_day_reads_what_happened_since(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann)
    made = workflow(connection)
    missing = client.post(page("switch", made), {"act": "on", "begin": "since"})
    assert "Say since which day." in missing.text
    unclear = client.post(
        page("switch", made), {"act": "on", "begin": "now", "since": "2020-01-01"}
    )
    assert "A day is given" in unclear.text
    made.refresh_from_db()
    assert made.state == State.OFF
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


def test_no_figure_is_shown_of_what_follows_from_a_field_that_was_never_read(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann, LeadSource="Web")
    deal(org, ann, LeadSource="Other")
    made = switched_on(connection)
    form = filled(client, page("change", made)) | {
        "condition-1-field": "LeadSource",
        "condition-1-operator": "equals",
        "condition-1-value": "Web",
    }
    preview = client.post(page("change", made), form)
    assert "the 2 reports that are there may be taken back" in preview.text
    assert "Save, and read the records once more" in preview.text
    assert "As they are" not in preview.text
    client.post(page("change", made), form | {"previewed": preview.context["previewed"]})
    assert made.conditions.filter(field="LeadSource").exists()


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
