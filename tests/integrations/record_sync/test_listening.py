"""What changes in Salesforce arrives by the stream alone, whatever happens to the stream."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations import leases
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.leases import LeaseTaken, held_lease
from integrations.models import Connection, Lease, SyncRun
from integrations.record_sync import listening
from integrations.record_sync.keeping_streams import keep_streams
from integrations.record_sync.listening import Listener
from integrations.salesforce import streaming

from .hearing import PATIENCE, hears, is_open, listened_to, polls, position, wait_for
from .world import account, deal, refresh_users, rep, reports, switched_on

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BEAT_EVERY", 0.2)
    monkeypatch.setattr(listening, "AFTER_REFUSAL", 0.5)
    monkeypatch.setattr(listening, "AFTER_LIMIT", 0.5)


@pytest.fixture
def anna(org: DemoOrg, connection: Connection) -> Row:
    person = rep(org, "Anna")
    refresh_users(connection)
    account(connection, person)
    switched_on(connection)
    return person


def test_a_deal_is_reported_taken_back_and_brought_back_as_it_changes(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    with listened_to(connection):
        hears(org, connection, anna)
        won = deal(org, anna, Amount=700.0)["Id"]
        wait_for(lambda: won in reports())
        before = polls(connection)
        org.update("Opportunity", won, StageName="Negotiation/Review")
        wait_for(lambda: won not in reports())
        org.update("Opportunity", won, StageName="Closed Won", Amount=900.0)
        wait_for(lambda: reports().get(won, ("", 0))[1] == 900)
        org.delete("Opportunity", won)
        wait_for(lambda: won not in reports())
        org.undelete("Opportunity", won)
        wait_for(lambda: won in reports())
        assert polls(connection) == before
    run = SyncRun.objects.get(connection=connection, kind=SyncRun.Kind.STREAM)
    assert (run.state, run.error) == (SyncRun.State.DONE, "")
    assert run.read >= 4
    assert run.taken_back == 2


def test_what_changes_while_nobody_listens_is_caught_up_with(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    with listened_to(connection):
        hears(org, connection, anna)
    assert position(connection) == str(org.changes.tip)
    missed = [deal(org, anna)["Id"] for _ in range(3)]
    before = polls(connection)
    with listened_to(connection):
        wait_for(lambda: set(missed) <= set(reports()))
        wait_for(lambda: position(connection) == str(org.changes.tip))
    assert polls(connection) == before


@pytest.mark.parametrize(
    "fault",
    [
        "stream_session_lost",
        "stream_unauthorized",
        "replay_refused",
        "cdc_gap",
        "cdc_overflow",
        "reset",
        "unavailable",
        "html_page",
    ],
)
def test_no_fault_of_the_stream_loses_a_change(
    org: DemoOrg, connection: Connection, anna: Row, fault: str
) -> None:
    with listened_to(connection):
        hears(org, connection, anna)
    org.faults.break_it(fault, times=1, where="stream")
    with listened_to(connection):
        made = [deal(org, anna)["Id"] for _ in range(2)]
        wait_for(lambda: set(made) <= set(reports()))
    assert not org.faults.broken


def test_without_change_data_capture_it_says_so_once_and_goes_on_when_it_is_there(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    org.faults.break_it("cdc_off")
    runs = SyncRun.objects.filter(connection=connection, kind=SyncRun.Kind.STREAM)
    with listened_to(connection):
        wait_for(lambda: runs.filter(state=SyncRun.State.FAILED, attempts__gt=1).exists())
        assert (
            "Change Data Capture is not switched on for Opportunity"
            in runs.get(state=SyncRun.State.FAILED).error
        )
        org.faults.mend_everything()
        wait_for(lambda: runs.filter(state=SyncRun.State.RUNNING).exists())
        won = deal(org, anna)["Id"]
        wait_for(lambda: won in reports())


def test_withdrawn_access_stops_it_and_the_connection_says_so(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    with listened_to(connection) as listener:
        hears(org, connection, anna)
        org.faults.break_it("revoke_grant")
        wait_for(lambda: not listener.is_alive())
    assert Connection.objects.get().state == Connection.State.RECONNECT_REQUIRED


def test_one_process_listens_and_another_takes_over_when_its_lease_ends(
    connection: Connection, anna: Row
) -> None:
    with held_lease(leases.of_stream(connection.pk), holder="another machine"):
        with pytest.raises(LeaseTaken):
            Listener(connection.pk).run()
        Lease.objects.filter(name=leases.of_stream(connection.pk)).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        with listened_to(connection):
            assert is_open(connection)
    assert listening.LEASE_SECONDS + 5 < 60


def test_whoever_lost_the_lease_writes_no_position(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    with listened_to(connection) as listener:
        hears(org, connection, anna)
        kept = position(connection)
        Lease.objects.filter(name=leases.of_stream(connection.pk)).update(token=999)
        second = deal(org, anna)["Id"]
        wait_for(lambda: not listener.is_alive())
        assert second not in reports()
        assert position(connection) == kept


def test_a_new_object_is_listened_to_and_a_pause_ends_it(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    stop = threading.Event()
    keeper = threading.Thread(target=keep_streams, args=(stop,), daemon=True)
    keeper.start()
    try:
        wait_for(lambda: is_open(connection))
        switched_on(connection, "call-logged")
        task = org.insert(
            "Task",
            Subject="Call",
            Status="Completed",
            TaskSubtype="Call",
            OwnerId=anna["Id"],
            ActivityDate=org.today(),
        )
        wait_for(lambda: task["Id"] in reports())
        Connection.objects.update(state=Connection.State.PAUSED)
        wait_for(lambda: leases.is_free(leases.of_stream(connection.pk)))
    finally:
        stop.set()
        keeper.join(PATIENCE)
    assert not keeper.is_alive()


def test_the_status_says_who_listens_to_what(
    org: DemoOrg, connection: Connection, anna: Row
) -> None:
    def status() -> tuple[int, dict[str, object]]:
        out = StringIO()
        try:
            call_command("salesforce_stream", "--status", "--json", stdout=out)
        except CommandError as failed:
            return failed.returncode, json.loads(out.getvalue())[0]
        return 0, json.loads(out.getvalue())[0]

    code, row = status()
    assert (code, row["listening"], row["needed"]) == (1, False, True)
    with listened_to(connection):
        hears(org, connection, anna)
        code, row = status()
        assert (code, row["listening"], row["objects"]) == (0, True, ["Opportunity"])
        assert row["positions"] == {"Opportunity": str(org.changes.tip)}
        assert row["holder"]
