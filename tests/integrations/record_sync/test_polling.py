"""The poll against an org on a socket: nothing lost, nothing doubled, nothing written twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations import connection_states
from integrations.demo_org.org import DemoOrg
from integrations.leases import held_lease, of_records
from integrations.models import (
    Connection,
    Evaluation,
    Lease,
    SalesforceRecord,
    SyncRun,
    Watermark,
)
from integrations.record_sync import polling, runs
from integrations.record_sync.arriving import take_in
from integrations.record_sync.fields import FieldSet, field_set
from integrations.record_sync.staging import database_clock

from .world import (
    account,
    deal,
    poll,
    rep,
    reports,
    switched_on,
    verdict,
    won_by_ann,
    workflow,
    written,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def mark() -> Watermark:
    return Watermark.objects.get()


@pytest.mark.django_db(transaction=True)
def test_polling_again_writes_nothing(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    for _ in range(5):
        deal(org, ann)
    poll(connection)
    before = written()
    assert len(before) == 15
    poll(connection)
    assert written() == before


def test_of_two_changes_within_a_second_the_second_wins(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    won = deal(org, ann)
    org.store.clock = lambda: NOON.replace(year=timezone.now().year + 1)
    org.update("Opportunity", won["Id"], Amount=1.0)
    poll(connection)
    org.update("Opportunity", won["Id"], Amount=2.0)
    poll(connection)
    assert reports()[won["Id"]][1] == Decimal(2)


def test_an_older_state_that_arrives_later_changes_nothing(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann)
    switched_on(connection)
    fields = fields_of(connection)
    asked_at = database_clock()
    old = row(org, won["Id"], fields)
    org.update("Opportunity", won["Id"], Amount=2.0)
    poll(connection)
    take_in(connection, fields, [old], asked_at, live=True)
    assert reports()[won["Id"]][1] == Decimal(2)


def test_a_page_border_among_equal_stamps_loses_nobody(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    now = org.store.now()
    org.store.clock = lambda: now
    for _ in range(23):
        deal(org, ann)
    org.faults.break_it("small_pages", value="5")
    org.faults.break_it("locator_lost", times=3, after=1)
    poll(connection)
    assert len(reports()) == 23


def test_a_record_that_is_committed_late_is_not_missed(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    poll(connection)
    late = deal(org, ann, LastModifiedDate=org.store.now() - timedelta(seconds=300))
    poll(connection)
    assert late["Id"] in reports()


def test_it_goes_on_behind_the_last_page_after_a_crash(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    won_by_ann(connection, org, 20)
    org.faults.break_it("request_limit", after=2)
    poll(connection)
    assert len(reports()) == 10
    stopped = mark()
    assert stopped.page_record_id
    assert SyncRun.objects.latest("pk").error_code == "REQUEST_LIMIT_EXCEEDED"
    org.faults.mend_everything()
    calls = org.api_calls
    poll(connection)
    assert len(reports()) == 20
    assert org.api_calls - calls == 2, "one call for the rest, one for what changed meanwhile"
    assert mark().page_record_id == ""


def test_a_pause_ends_a_long_poll_behind_its_page_and_the_next_goes_on_there(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    won_by_ann(connection, org, 20)

    def pause_behind_the_first_page() -> None:
        if reports():
            connection_states.paused(connection, "We move.", by=None)

    with monkeypatch.context() as patch:
        patch.setattr(runs, "BEAT_EVERY", -1.0)
        patch.setattr(runs, "beat", pause_behind_the_first_page)
        assert polling.poll(connection.pk)
    assert len(reports()) == 5
    assert SyncRun.objects.get().error == ""
    connection_states.resumed(connection, by=None)
    poll(connection)
    assert len(reports()) == 20


def test_the_window_is_closed_by_salesforces_clock(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine's clock goes wrong by a day; nothing is skipped."""
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    wrong = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    poll(connection)
    monkeypatch.undo()
    Lease.objects.all().delete()  # it went by the wrong clock, too
    assert mark().read_until is not None
    assert abs(mark().read_until - timezone.now()) < timedelta(minutes=1)  # type: ignore[operator]
    won = deal(org, ann)
    poll(connection)
    assert won["Id"] in reports()


def test_only_one_process_polls_a_connection(connection: Connection, org: DemoOrg) -> None:
    switched_on(connection, since=None)
    with held_lease(of_records(connection.pk)):
        assert not polling.poll(connection.pk)


def test_a_record_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    workflow(connection)
    won = deal(org, ann)
    switched_on(connection, "opportunity-created", title_field="")
    fields = fields_of(connection)
    good = row(org, won["Id"], fields)
    taken = take_in(
        connection,
        fields,
        [good | {"Id": "nonsense"}, good | {"Amount": "5", "SystemModstamp": _later(good)}],
        database_clock(),
        live=True,
    )
    assert (taken.set_aside, taken.read) == (1, 2)
    assert SalesforceRecord.objects.count() == 1
    assert verdict(won).verdict == Evaluation.Verdict.REPORTED


def fields_of(connection: Connection) -> FieldSet:
    known = mark().field_types
    return field_set("Opportunity", ["OwnerId", "IsWon", "Amount", "CloseDate", "Name"], known)


def row(org: DemoOrg, record_id: str, fields: FieldSet) -> dict[str, object]:
    found = org.store.get("Opportunity", record_id)
    assert found is not None
    texts = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in found.items()
        if name in fields.types
    }
    return texts | {"Amount": str(found["Amount"])}


def _later(row: dict[str, object]) -> str:
    return (datetime.fromisoformat(str(row["SystemModstamp"])) + timedelta(seconds=5)).isoformat()
