"""Workflows switched on and off, and from which day on they count."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation
from integrations.record_sync import workflows
from integrations.record_sync.previewing import preview_switching_off

from .world import account, deal, evaluate, poll, rep, reports, switched_on, verdict


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
    assert "the day from which" in verdict(never_seen).reason


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
