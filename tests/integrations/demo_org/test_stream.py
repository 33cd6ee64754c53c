"""What the stream tells of changes, seen by a bare Bayeux client."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.change_log import RETENTION, TooManyEntities

from .client import Client
from .subscriber import ALL, Subscriber, a_deal, header


@pytest.mark.parametrize("scheme", ["Bearer", "OAuth"])
def test_a_change_is_told_while_the_connect_is_held(
    client: Client, org: DemoOrg, scheme: str
) -> None:
    subscriber = Subscriber(client, scheme)
    subscriber.handshake()
    subscriber.connect()
    assert subscriber.subscribe()["successful"]
    deal = a_deal(org)
    timer = threading.Timer(
        0.2, lambda: org.update("Opportunity", deal, StageName="Closed Won", Amount=None)
    )
    timer.start()
    started = time.monotonic()
    (event,) = subscriber.events()
    assert 0.1 < time.monotonic() - started < 0.9
    assert header(event)["changeType"] == "UPDATE"
    assert header(event)["recordIds"] == [deal]
    assert {"StageName", "Amount", "LastModifiedDate"} <= set(header(event)["changedFields"])
    assert (event["payload"]["StageName"], event["payload"]["Amount"]) == ("Closed Won", None)
    assert "IsWon" not in event["payload"]


def test_without_a_change_the_connect_ends_in_time_and_is_answered(subscriber: Subscriber) -> None:
    subscriber.subscribe()
    started = time.monotonic()
    told = subscriber.connect()
    assert time.monotonic() - started >= 0.9
    assert [each["channel"] for each in told] == ["/meta/connect"]
    assert told[0]["advice"] == {"interval": 0, "timeout": 1000, "reconnect": "retry"}


def test_every_kind_of_change_is_told_by_its_kind(subscriber: Subscriber, org: DemoOrg) -> None:
    subscriber.subscribe(ALL)
    deal = org.insert(
        "Opportunity",
        Name="New",
        StageName="Prospecting",
        CloseDate=org.today(),
        OwnerId=org.integration_user_id,
    )
    org.update("Opportunity", deal["Id"], Amount=5.0)
    org.delete("Opportunity", deal["Id"])
    org.undelete("Opportunity", deal["Id"])
    org.update("User", org.integration_user_id, FirstName="Sandy")
    events = subscriber.events()
    kinds = [header(event)["changeType"] for event in events]
    assert kinds == ["CREATE", "UPDATE", "DELETE", "UNDELETE", "UPDATE"]
    assert events[0]["payload"]["Name"] == "New"
    assert set(events[2]["payload"]) == {"ChangeEventHeader"}
    assert events[3]["payload"]["Amount"] == 5.0
    assert events[4]["payload"]["Name"] == {"FirstName": "Sandy"}
    ids = [event["event"]["replayId"] for event in events]
    assert ids == sorted(set(ids))


def test_like_changes_of_one_transaction_come_merged(subscriber: Subscriber, org: DemoOrg) -> None:
    subscriber.subscribe()
    deals = [row["Id"] for row in org.store.rows("Opportunity")[:3]]
    with org.store.transaction("com/salesforce/api/rest/66.0;client=Astro"):
        for deal in deals:
            org.update("Opportunity", deal, NextStep="Call them")
    (event,) = subscriber.events()
    assert header(event)["recordIds"] == deals
    assert header(event)["changeOrigin"] == "com/salesforce/api/rest/66.0;client=Astro"


def test_replay_begins_after_the_id_with_everything_or_now(
    subscriber: Subscriber, org: DemoOrg
) -> None:
    subscriber.subscribe(replay=-2)
    deal = a_deal(org)
    for amount in (1.0, 2.0, 3.0):
        org.update("Opportunity", deal, Amount=amount)
    first = subscriber.events()
    assert [event["payload"]["Amount"] for event in first] == [1.0, 2.0, 3.0]
    subscriber.subscribe(replay=first[0]["event"]["replayId"])
    assert [event["payload"]["Amount"] for event in subscriber.events()] == [2.0, 3.0]
    subscriber.subscribe(replay=-1)
    assert subscriber.events() == []
    subscriber.subscribe(replay=-2)
    assert len(subscriber.events()) == 3


def test_events_are_kept_for_three_days(subscriber: Subscriber, org: DemoOrg) -> None:
    deal = a_deal(org)
    before = org.changes.tip
    org.update("Opportunity", deal, Amount=1.0)
    real = org.store.clock
    org.store.clock = lambda: real() + RETENTION + timedelta(minutes=1)
    org.authority.keep_alive(subscriber.token)
    assert not org.changes.keeps(before)
    org.update("Opportunity", deal, Amount=2.0)
    assert [e.payload["Amount"] for e in org.changes.after(0)] == [2.0]


def test_a_connect_that_is_given_up_takes_no_event_along(
    subscriber: Subscriber, org: DemoOrg
) -> None:
    subscriber.subscribe()
    with pytest.raises(requests.exceptions.ReadTimeout):
        subscriber.session.post(
            subscriber.url,
            json=[{"channel": "/meta/connect", "clientId": subscriber.id}],
            timeout=0.2,
        )
    org.update("Opportunity", a_deal(org), Amount=7.0)
    assert [event["payload"]["Amount"] for event in subscriber.events()] == [7.0]


def test_not_more_than_five_objects_are_selected(org: DemoOrg) -> None:
    with pytest.raises(TooManyEntities):
        org.changes.select("Opportunity", "Task", "Event", "User", "Account", "Profile")


def test_a_gap_tells_ids_only_and_an_overflow_not_even_those(
    subscriber: Subscriber, org: DemoOrg
) -> None:
    subscriber.subscribe()
    deal = a_deal(org)
    org.faults.break_it("cdc_gap", times=1)
    org.update("Opportunity", deal, Amount=1.0)
    org.faults.break_it("cdc_overflow", times=1)
    org.update("Opportunity", deal, Amount=2.0)
    gap, overflow = subscriber.events()
    assert (header(gap)["changeType"], header(gap)["recordIds"]) == ("GAP_UPDATE", [deal])
    assert set(gap["payload"]) == {"ChangeEventHeader"}
    assert header(overflow)["changeType"] == "GAP_OVERFLOW"
    assert header(overflow)["recordIds"] == ["000000000000000AAA"]


def test_a_body_in_chunks_is_read(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'[{"channel":"/meta/hand'
        yield b'shake","version":"1.0"}]'

    url = f"{client.url}/cometd/66.0/handshake"
    answer = requests.post(url, data=chunks(), headers=client.headers, timeout=5)
    assert answer.json()[0]["successful"] is True
