"""Making, trying and changing workflows: previewed, and then just that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction
from django.db.models import RestrictedError

from accounts.models import AuditEntry
from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation, SalesforceRecord, SyncRun, Workflow
from integrations.record_sync import previewing, workflows
from integrations.record_sync.cases import asking_workflows
from integrations.record_sync.previewing import preview_change
from integrations.record_sync.trying import try_workflow
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock

from .world import account, backfilled, deal, evaluate, rep, reports, switched_on, workflow

Says = Evaluation.Verdict


def test_trying_a_workflow_shows_all_and_writes_nothing(
    connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    deal(org, ann, Amount=12.5, Name="Acme")
    deal(org, bob)
    deal(org, ann, StageName="Prospecting")
    trial = try_workflow(workflow(connection), days=30)
    (row,) = trial.reported
    assert (row.person, row.value, row.currency, row.title) == (
        "Ann",
        Decimal("12.5"),
        "USD",
        "Acme",
    )
    assert trial.by_verdict == {Says.REPORTED: 1, Says.HELD: 1, Says.NO_MATCH: 1}
    assert trial.totals == {"USD": Decimal("12.5")}
    assert not SalesforceRecord.objects.exists()
    assert not ActivityReport.objects.exists()


def test_a_change_is_previewed_and_then_does_just_that(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    small = deal(org, ann, Amount=10.0)
    big = deal(org, ann, Amount=5000.0)
    on = switched_on(connection)
    conditions = [
        workflows.Condition("IsWon", "equals", True),
        workflows.Condition("Amount", "greater", 100),
    ]
    preview = preview_change(on, conditions)
    assert (preview.taken_back, preview.added, preview.unchanged) == (1, 0, 1)
    assert [row.record_id for row in preview.examples] == [small["Id"]]
    workflows.change(on, conditions, by=None)
    evaluate(connection)
    assert list(reports()) == [big["Id"]]


def test_what_was_changed_is_written_down_before_and_after(connection: Connection) -> None:
    made = workflow(connection)
    made.name = "Won"
    won = workflows.Condition("IsWon", "equals", True)
    workflows.change(made, [won], by=None)
    made.value_field = ""
    workflows.change(made, [won, workflows.Condition("Type", "is_empty")], by=None)
    workflows.change(made, [won, workflows.Condition("Type", "is_empty")], by=None)
    entries = AuditEntry.objects.filter(action="workflow.changed").order_by("pk")
    assert list(entries.values_list("before", "after")) == [
        ({"name": "Closed-won deals"}, {"name": "Won"}),
        (
            {"value_field": "Amount", "conditions": "IsWon is true"},
            {"value_field": "", "conditions": "IsWon is true; Type is empty"},
        ),
    ]


def test_a_preview_of_very_many_records_counts_all_with_a_report_then_the_newest_and_says_so(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    now = org.store.now()
    for days in range(5):
        stamp = now - timedelta(days=days)
        deal(
            org,
            ann,
            Amount=10.0 * days,
            StageName="Closed Won" if days in (0, 4) else "Prospecting",
            CreatedDate=stamp,
            LastModifiedDate=stamp,
        )
    on = switched_on(connection)
    assert len(reports()) == 2
    monkeypatch.setattr(previewing, "MOST_JUDGED", 3)
    preview = preview_change(on, [workflows.Condition("Amount", "equals", 10)])
    assert (preview.taken_back, preview.added, preview.not_counted) == (2, 1, 2)


def test_a_field_that_was_never_fetched_is_read_before_anything_is_taken_back(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    web = deal(org, ann, LeadSource="Web")
    deal(org, ann, LeadSource="Other")
    on = switched_on(connection)
    conditions = [workflows.Condition("LeadSource", "equals", "web")]
    assert preview_change(on, conditions).needs_reading
    workflows.change(on, conditions, by=None)
    evaluate(connection)
    assert len(reports()) == 2
    backfilled(SyncRun.objects.get(state=SyncRun.State.QUEUED))
    assert list(reports()) == [web["Id"]]


def test_a_field_that_another_workflow_asked_for_since_yesterday_is_read_for_what_was_before(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    web = deal(org, ann, LeadSource="Web")
    deal(org, ann, LeadSource="Other")
    on = switched_on(connection)
    asks = workflow(connection, "opportunity-created", title_field="LeadSource")
    workflows.switch_on(asks, since=None, by=None)
    evaluate(connection)
    SyncRun.objects.filter(state=SyncRun.State.QUEUED).delete()  # for the other one
    workflows.change(on, [workflows.Condition("LeadSource", "equals", "web")], by=None)
    evaluate(connection)
    backfilled(SyncRun.objects.get(state=SyncRun.State.QUEUED))
    live = ActivityReport.objects.filter(retracted_at=None, source_key__endswith=f":{on.pk}")
    assert [one.source_key.split(":")[2] for one in live] == [web["Id"]]


def test_who_saves_an_old_form_undoes_nothing_that_was_switched_meanwhile(
    connection: Connection, org: DemoOrg
) -> None:
    made = workflow(connection)
    form = Workflow.objects.get(pk=made.pk)
    workflows.switch_on(made, since=date(2026, 3, 1), by=None)
    Workflow.objects.filter(pk=made.pk).update(creates_accounts=True)
    form.name = "Deals"
    workflows.change(form, [workflows.Condition("Amount", "greater", 1)], by=None)
    made.refresh_from_db()
    assert (made.name, made.state) == ("Deals", Workflow.State.ON)
    assert (made.counts_from, made.creates_accounts) == (date(2026, 3, 1), True)


@pytest.mark.django_db(transaction=True)
def test_who_changes_a_workflow_waits_for_the_page_that_is_judged_by_it(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    on = switched_on(connection)
    conditions = [workflows.Condition("Amount", "greater", 1)]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            (rules,) = asking_workflows(connection, on.object_name)
            assert rules.workflow.version == on.version
            change = in_own_connection(pool, partial(workflows.change, on, conditions, by=None))
            wait_until_somebody_waits_for_a_lock()
            assert not change.done()
        change.result(10)


def test_a_workflow_whose_reports_there_are_cannot_be_deleted(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    wins = switched_on(connection)
    with pytest.raises(RestrictedError):
        wins.delete()
    assert len(reports()) == 1
