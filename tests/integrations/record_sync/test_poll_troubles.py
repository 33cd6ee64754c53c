"""The poll when Salesforce is ill, says no, or has little left: told in words, and nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from integrations.demo_org.org import DemoOrg
from integrations.models import (
    Connection,
    SyncRun,
    Watermark,
    Workflow,
)
from integrations.record_sync import taking_up

from .conftest import log_in
from .world import account, deal, poll, rep, reports, switched_on

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_a_field_that_disappears_stops_its_workflow_and_no_other(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = switched_on(connection, since=None)
    created = switched_on(connection, "opportunity-created", since=None, title_field="")
    Workflow.objects.filter(pk=won.pk).update(value_field="TotalOpportunityQuantity")
    org.hidden_fields[org.integration_user_id] = {"Opportunity.TotalOpportunityQuantity"}
    one = deal(org, ann)
    poll(connection)
    won.refresh_from_db()
    created.refresh_from_db()
    assert (won.state, created.state) == (Workflow.State.NEEDS_ATTENTION, Workflow.State.ON)
    assert "TotalOpportunityQuantity" in won.problem
    assert one["Id"] in reports()
    org.hidden_fields.clear()
    Watermark.objects.update(described_at=None)
    poll(connection)
    won.refresh_from_db()
    assert won.state == Workflow.State.ON


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ("unavailable", 1),
        ("token_expired", 1),
        ("reset", 1),
        ("half_page", 1),
        ("html_page", 1),
        ("empty_body", 1),
        ("server_error", 2),
    ],
)
def test_a_single_fault_in_the_middle_is_survived(
    connection: Connection, org: DemoOrg, fault: str, times: int
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    for _ in range(15):
        deal(org, ann)
    org.faults.break_it("small_pages", value="5")
    org.faults.break_it(fault, times=times, after=1, value="0" if fault == "unavailable" else "")
    poll(connection)
    assert len(reports()) == 15
    assert not SyncRun.objects.filter(state=SyncRun.State.FAILED, kind="poll").exists()


def test_access_withdrawn_stops_it_with_a_clear_state(connection: Connection, org: DemoOrg) -> None:
    switched_on(connection, since=None)
    org.faults.break_it("revoke_grant")
    poll(connection)
    connection.refresh_from_db()
    assert connection.state == Connection.State.RECONNECT_REQUIRED
    calls = org.api_calls
    poll(connection)
    assert org.api_calls == calls


def test_it_asks_less_often_when_the_orgs_requests_run_out(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    OrmQ.objects.all().delete()
    Watermark.objects.update(polled_at=timezone.now() - timedelta(seconds=61))
    Connection.objects.update(api_calls_used=75, api_calls_allowed=100)
    taking_up.take_up_work()
    assert not OrmQ.objects.exists()
    Connection.objects.update(api_calls_used=10)
    taking_up.take_up_work()
    assert OrmQ.objects.count() == 1


def test_a_quiet_poll_leaves_no_row_and_the_same_trouble_one(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    poll(connection)
    polls = SyncRun.objects.filter(kind=SyncRun.Kind.POLL)
    assert not polls.exists()
    org.faults.break_it("request_limit")
    for _ in range(3):
        poll(connection)
    assert (polls.get().state, polls.get().attempts) == (SyncRun.State.FAILED, 3)


@pytest.mark.django_db(transaction=True)
def test_where_a_fresh_session_is_refused_too_a_person_logs_in_and_nothing_is_lost(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    won = deal(org, ann)
    org.faults.break_it("token_expired", times=9)
    poll(connection)
    connection.refresh_from_db()
    assert connection.state == Connection.State.RECONNECT_REQUIRED
    org.faults.mend_everything()
    log_in(connection, org)
    poll(connection)
    assert won["Id"] in reports()
