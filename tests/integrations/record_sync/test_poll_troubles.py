"""The poll when Salesforce is ill, says no, or has little left: told in words, and nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import (
    Connection,
    HeldChange,
    SalesforceRecord,
    SyncRun,
    Watermark,
    Workflow,
)
from integrations.record_sync import polling, taking_up
from integrations.record_sync.previewing import preview_held_change
from integrations.salesforce.errors import TransientError

from .conftest import log_in
from .world import account, backfilled, deal, poll, rep, reports, switched_on, won_by_ann

pytestmark = pytest.mark.long

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


def test_what_changed_while_a_field_was_hidden_is_read_again_and_the_brakes_stay_on(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deals = [deal(org, ann) for _ in range(25)]
    won = switched_on(connection)
    org.hidden_fields[org.integration_user_id] = {"Opportunity.Amount"}
    for one in deals[1:]:
        org.update("Opportunity", one["Id"], StageName="Prospecting")
    org.update("Opportunity", deals[0]["Id"], Amount=7.0)
    poll(connection)
    org.hidden_fields.clear()
    later = org.store.now() + timedelta(minutes=20)
    Watermark.objects.update(described_at=None, read_until=later)
    poll(connection)  # sees that the field is back
    version = won.version
    poll(connection)
    assert len(reports()) == 25
    backfilled(SyncRun.objects.get(state=SyncRun.State.QUEUED))
    assert reports()[deals[0]["Id"]][1] == 7
    assert len(reports()) == 25
    assert preview_held_change(HeldChange.objects.get()) == 24
    won.refresh_from_db()
    assert (won.state, won.version) == (Workflow.State.ON, version)


def called(org: DemoOrg, owner: Row) -> Row:
    return org.insert(
        "Task", OwnerId=owner["Id"], TaskSubtype="Call", Status="Completed", Subject="Call"
    )


def test_trouble_with_one_object_does_not_stop_the_others(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    switched_on(connection, "call-logged", since=None)
    deal(org, ann)
    call = called(org, ann)
    Watermark.objects.filter(object_name="Opportunity").update(polled_at=None)
    whole = polling._Poll._read_object
    read: list[str] = []

    def read_object(self: Any, client: Any, fields: Any) -> None:
        read.append(fields.object_name)
        if fields.object_name == "Opportunity":
            raise TransientError("Salesforce is busy.")
        whole(self, client, fields)

    monkeypatch.setattr(polling._Poll, "_read_object", read_object)
    poll(connection)
    assert read == ["Opportunity", "Task"]
    assert call["Id"] in {one.record_id for one in SalesforceRecord.objects.all()}
    polls = SyncRun.objects.filter(kind=SyncRun.Kind.POLL).order_by("pk")
    assert [(one.error, one.added) for one in polls] == [("Salesforce is busy.", 1)]
    called(org, ann)
    poll(connection)
    assert read[2:] == ["Opportunity", "Task"], "the one that was not read comes first"
    poll(connection)
    rows = [(one.error, one.added, one.reported, one.attempts) for one in polls.all()]
    assert rows == [("Salesforce is busy.", 1, 1, 1), ("Salesforce is busy.", 1, 1, 2)]


def test_used_up_requests_are_not_asked_for_each_minute(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    Connection.objects.update(api_calls_used=10, api_calls_allowed=100_000)
    org.faults.break_it("request_limit")
    poll(connection)
    OrmQ.objects.all().delete()
    Connection.objects.update(polled_at=timezone.now() - timedelta(minutes=2))
    taking_up.take_up_work()
    assert not OrmQ.objects.exists()
    Connection.objects.update(polled_at=timezone.now() - timedelta(minutes=15))
    taking_up.take_up_work()
    assert OrmQ.objects.count() == 1


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
    won_by_ann(connection, org, 15)
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


def queued() -> list[str]:
    return [row.task["func"] for row in OrmQ.objects.all()]


def test_it_asks_less_often_when_the_orgs_requests_run_out(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    OrmQ.objects.all().delete()
    Connection.objects.update(polled_at=timezone.now() - timedelta(seconds=61))
    Connection.objects.update(api_calls_used=75, api_calls_allowed=100)
    taking_up.take_up_work()
    assert taking_up.POLL_TASK not in queued()
    Connection.objects.update(api_calls_used=10)
    taking_up.take_up_work()
    assert queued().count(taking_up.POLL_TASK) == 1


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
