"""Making, trying, changing and switching workflows, from code and from a shell."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import RestrictedError

from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation, SalesforceRecord, SyncRun, Workflow
from integrations.record_sync import previewing, workflows
from integrations.record_sync.cases import asking_workflows
from integrations.record_sync.conditions import compile_conditions
from integrations.record_sync.previewing import preview_change, preview_switching_off
from integrations.record_sync.trying import try_workflow
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock

from .world import (
    account,
    backfilled,
    deal,
    evaluate,
    poll,
    rep,
    reports,
    switched_on,
    verdict,
    workflow,
)

Says = Evaluation.Verdict


def command(*args: str) -> tuple[int, Any]:
    """The exit code and the JSON of a command."""
    out = StringIO()
    try:
        call_command(*args, "--json", stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as end:
        return int(str(end.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


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


def test_a_preview_of_very_many_records_counts_those_that_changed_last_and_says_so(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    now = org.store.now()
    for days in range(5):
        stamp = now - timedelta(days=days)
        deal(org, ann, Amount=10.0 * days, CreatedDate=stamp, LastModifiedDate=stamp)
    on = switched_on(connection)
    conditions = [workflows.Condition("Amount", "at_least", 20)]
    monkeypatch.setattr(previewing, "MOST_JUDGED", 3)
    preview = preview_change(on, conditions)
    assert (preview.taken_back, preview.unchanged, preview.older) == (2, 1, 2)


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


def test_switched_off_its_reports_stay_or_are_taken_back_and_return(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    on = switched_on(connection)
    assert preview_switching_off(on) == 1
    workflows.switch_off(on, take_back=False, by=None)
    evaluate(connection)
    assert len(reports()) == 1
    workflows.switch_on(on, since=date(2016, 1, 1), by=None)
    evaluate(connection)
    workflows.switch_off(on, take_back=True, by=None)
    evaluate(connection)
    assert reports() == {}
    workflows.switch_on(on, since=date(2016, 1, 1), by=None)
    evaluate(connection)
    assert len(reports()) == ActivityReport.objects.count() == 1


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


def test_editing_a_workflow_that_is_being_taken_back_does_not_stop_that(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    on = switched_on(connection)
    workflows.switch_off(on, take_back=True, by=None)
    workflows.change(on, [workflows.Condition("Amount", "greater", 1)], by=None)
    evaluate(connection)
    assert reports() == {}
    on.refresh_from_db()
    assert on.evaluated_version == on.version


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


def test_switching_off_says_nothing_of_what_was_never_judged(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    judged = deal(org, ann)
    wins = switched_on(connection)
    workflows.switch_off(wins, take_back=False, by=None)
    switched_on(connection, "opportunity-created")
    deal(org, ann)
    poll(connection)
    workflows.switch_on(wins, since=None, by=None)
    workflows.switch_off(wins, take_back=True, by=None)
    evaluate(connection)
    wins.refresh_from_db()
    assert wins.evaluated_version == wins.version
    said = Evaluation.objects.filter(workflow=wins)
    assert [one.record.record_id for one in said.select_related("record")] == [judged["Id"]]
    assert said.get().report is not None
    assert ActivityReport.objects.get(evaluations=said.get()).retracted_at is not None


@pytest.mark.parametrize("since", [None, date(2026, 3, 10)])
def test_switched_on_from_a_later_day_takes_nothing_back_that_was_reported(
    connection: Connection, org: DemoOrg, since: date | None
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    old = deal(org, ann, CloseDate=date(2026, 3, 5))
    on = switched_on(connection)
    workflows.switch_off(on, take_back=False, by=None)
    workflows.switch_on(on, since=since, by=None)
    evaluate(connection)
    assert reports() == {old["Id"]: ("Ann", Decimal(1000))}
    org.update("Opportunity", old["Id"], Amount=7.0)
    never_seen = deal(org, ann, CloseDate=date(2026, 3, 5))
    poll(connection)
    assert reports() == {old["Id"]: ("Ann", Decimal(7))}
    assert "from when on" in verdict(never_seen).reason


def test_a_deal_that_turns_out_to_be_from_before_the_first_day_is_taken_back(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann, CloseDate=date(2026, 3, 5))
    switched_on(connection, since=date(2026, 3, 1))
    assert won["Id"] in reports()
    org.update("Opportunity", won["Id"], CloseDate=date(2026, 2, 27))
    poll(connection)
    assert reports() == {}


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


@pytest.mark.parametrize(
    ("operator", "value", "yes", "no"),
    [
        ("equals", "Closed Won", "closed won", "Open"),
        ("not_equals", "Open", None, "open"),
        ("equals", True, True, False),
        ("in", ["a", "b"], "B", "c"),
        ("greater", 10, "10.01", "10"),
        ("at_least", 10, "10", None),
        ("less", 10, "9", "x"),
        ("at_most", "2026-03-05", "2026-03-05", "2026-03-06"),
        ("contains", "ACME", "the acme deal", None),
        ("is_empty", None, None, "x"),
        ("is_not_empty", None, "x", None),
    ],
)
def test_conditions_compare_as_salesforce_does(
    connection: Connection, operator: str, value: Any, yes: Any, no: Any
) -> None:
    made = workflow(connection)
    made.conditions.all().delete()
    workflows.change(made, [workflows.Condition("F", operator, value)], by=None)
    matches = compile_conditions(made.match, made.conditions.all())
    assert matches({"F": yes})
    assert not matches({"F": no})


def test_any_condition_is_enough_where_the_workflow_says_so(connection: Connection) -> None:
    made = workflow(connection, match=Workflow.Match.ANY)
    conditions = [workflows.Condition("A", "equals", 1), workflows.Condition("B", "equals", 2)]
    workflows.change(made, conditions, by=None)
    matches = compile_conditions(made.match, made.conditions.all())
    assert matches({"A": 0, "B": 2})
    assert not matches({"A": 0, "B": 0})


def test_a_workflow_from_a_shell_from_making_to_taking_back(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    code, (made,) = command("workflow", "create", "--template", "closed-won")
    assert (code, made["state"]) == (0, "off")
    code, rows = command("workflow", "try", made["name"])
    assert (code, [row["verdict"] for row in rows]) == (0, ["reported"])
    code, (run,) = command("workflow", "enable", made["name"], "--since", "2016-01-01")
    assert (code, run["state"], run["reported"]) == (0, "done", 1)
    code, (polled,) = command("salesforce_poll")
    assert (code, polled["error"]) == (0, "")
    code, (run,) = command("salesforce_backfill", "--since", "2016-01-01")
    assert (code, run["read"], run["added"]) == (0, 1, 0)
    code, (run,) = command("salesforce_reconcile")
    assert (code, run["state"]) == (0, "done")
    code, _ = command("workflow", "disable", made["name"], "--take-back")
    assert (code, reports()) == (0, {})
    code, (listed,) = command("workflow", "list")
    assert (code, listed["state"]) == (0, "off")


def test_commands_tell_failure_bad_use_and_waiting_apart(
    connection: Connection, org: DemoOrg
) -> None:
    assert command("workflow", "enable", "no such")[0] == 2
    assert command("workflow", "create")[0] == 2
    assert command("salesforce_backfill", "--since", "2026-01-01")[0] == 2
    switched_on(connection, since=None)
    assert command("workflow", "create", "--template", "closed-won")[0] == 1
    org.faults.break_it("request_limit")
    code, (polled,) = command("salesforce_poll")
    assert code == 1
    assert "used up" in polled["error"]
    org.faults.mend_everything()
    ann = rep(org, "Ann")
    account(connection, ann)
    deals = [deal(org, ann) for _ in range(21)]
    poll(connection)
    for one in deals:
        org.update("Opportunity", one["Id"], IsDeleted=True)
    code, (polled,) = command("salesforce_poll")
    assert (code, polled["waiting"]) == (3, 1)
