"""The stream of changes, seen by a bare Bayeux client."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.change_log import RETENTION, TooManyEntities

from .conftest import PATIENCE, Client

DEALS, ALL = "/data/OpportunityChangeEvent", "/data/ChangeEvents"
Message = dict[str, Any]


class Subscriber:
    """Sends Bayeux messages one by one; every answer is the list that came back."""

    def __init__(self, client: Client, scheme: str = "Bearer") -> None:
        self.session = requests.Session()
        self.token: str = client.tokens["access_token"]
        self.session.headers["Authorization"] = f"{scheme} {self.token}"
        self.url = f"{client.url}/cometd/66.0"
        self.id = ""

    def post(self, *messages: Message, **more: Any) -> list[Message]:
        answer = self.session.post(self.url, json=list(messages), timeout=PATIENCE, **more)
        told: list[Message] = answer.json()
        return told

    def send(self, channel: str, **more: Any) -> Message:
        client = {"clientId": self.id} if self.id else {}
        return self.post({"channel": channel, **client, **more})[-1]

    def handshake(self) -> Message:
        told = self.send("/meta/handshake", version="1.0")
        self.id = told.get("clientId", "")
        return told

    def subscribe(self, channel: str = DEALS, replay: Any = None) -> Message:
        ext = {} if replay is None else {"ext": {"replay": {channel: replay}}}
        return self.send("/meta/subscribe", subscription=channel, **ext)

    def connect(self, **more: Any) -> list[Message]:
        return self.post({"channel": "/meta/connect", "clientId": self.id, **more})

    def events(self) -> list[Message]:
        return [each["data"] for each in self.connect() if "data" in each]


@pytest.fixture
def org(org: DemoOrg) -> DemoOrg:
    org.stream_hold = 1.0
    return org


@pytest.fixture
def subscriber(client: Client) -> Iterator[Subscriber]:
    made = Subscriber(client)
    assert made.handshake()["successful"]
    assert made.connect()[-1]["advice"]["reconnect"] == "retry"
    yield made
    made.session.close()


def a_deal(org: DemoOrg) -> str:
    row = next(row for row in org.store.rows("Opportunity") if not row["IsDeleted"])
    record_id: str = row["Id"]
    return record_id


def header(event: Message) -> Message:
    found: Message = event["payload"]["ChangeEventHeader"]
    return found


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


@pytest.mark.parametrize("replay", [5, 10**9, "abc"])
def test_an_id_that_is_not_kept_is_refused_in_salesforces_words(
    subscriber: Subscriber, replay: Any
) -> None:
    told = subscriber.subscribe(replay=replay)
    assert told["successful"] is False
    assert told["error"].startswith(
        f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid ID"
    )


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


def test_an_unknown_client_is_sent_to_the_handshake(subscriber: Subscriber) -> None:
    subscriber.id = "nobody"
    (told,) = subscriber.connect()
    assert (told["error"], told["advice"]["reconnect"]) == ("403::Unknown client", "handshake")


def test_a_client_that_stays_away_too_long_is_forgotten(client: Client, org: DemoOrg) -> None:
    subscriber = Subscriber(client)
    subscriber.handshake()
    org.stream_session = 0.0  # from its next answer on, any time away is too long
    assert subscriber.connect()[0]["successful"]
    assert subscriber.connect()[0]["error"] == "403::Unknown client"


def test_without_its_cookie_a_client_is_refused(subscriber: Subscriber) -> None:
    subscriber.session.cookies.clear()
    (told,) = subscriber.connect()
    assert "BAYEUX_BROWSER" in told["error"]


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


def test_a_session_that_is_not_good_is_denied_at_the_handshake(client: Client) -> None:
    client.org.authority.expire()
    told = Subscriber(client).handshake()
    assert told["error"] == "403::Handshake denied"
    assert told["ext"]["sfdc"]["failureReason"] == "401::Authentication invalid"
    assert told["advice"]["reconnect"] == "none"


def test_a_token_that_ends_while_connected_is_told_at_once(
    subscriber: Subscriber, org: DemoOrg
) -> None:
    threading.Timer(0.1, lambda: org.faults.break_it("expire_tokens")).start()
    started = time.monotonic()
    (told,) = subscriber.connect()
    assert time.monotonic() - started < 0.9
    assert (told["error"], told["advice"]["reconnect"]) == ("401::Authentication invalid", "none")


def test_being_connected_keeps_the_session_alive(subscriber: Subscriber, org: DemoOrg) -> None:
    real = org.store.clock
    ahead = timedelta()
    org.store.clock = lambda: real() + ahead
    for _ in range(3):
        ahead += timedelta(hours=1.5)
        assert subscriber.connect(advice={"timeout": 0})[-1]["successful"]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("data/OpportunityChangeEvent", "400::Channel subscriptions must start with"),
        ("/data/AccountChangeEvent", "400::The channel you requested to subscribe to doesn't"),
        ("/data/NopeChangeEvent", "400::The channel you requested to subscribe to doesn't"),
    ],
)
def test_a_channel_that_is_not_there_is_refused(
    subscriber: Subscriber, channel: str, error: str
) -> None:
    told = subscriber.subscribe(channel)
    assert told["successful"] is False
    assert told["error"].startswith(error)


def test_an_object_that_the_user_does_not_see_whole_is_refused_or_left_out(
    subscriber: Subscriber, org: DemoOrg
) -> None:
    org.faults.break_it("no_view_all", value="Task and Event")
    told = subscriber.subscribe("/data/TaskChangeEvent")
    assert told["error"].startswith("403::User not allowed to subscribe CDC without")
    assert subscriber.subscribe(ALL)["successful"]
    org.update("Task", org.store.rows("Task")[0]["Id"], Subject="Hidden")
    org.update("Opportunity", a_deal(org), Amount=8.0)
    assert [header(event)["entityName"] for event in subscriber.events()] == ["Opportunity"]


def test_not_more_than_five_objects_are_selected(org: DemoOrg) -> None:
    with pytest.raises(TooManyEntities):
        org.changes.select("Opportunity", "Task", "Event", "User", "Account", "Profile")


@pytest.mark.parametrize(
    ("fault", "value", "error", "advice"),
    [
        ("stream_session_lost", "", "403::Unknown client", "handshake"),
        ("stream_unauthorized", "message", "401::Authentication invalid", "none"),
        ("stream_unauthorized", "status", "401::Authentication invalid", "none"),
        ("stream_busy", "", "401::Authentication invalid", "none"),
        ("stream_limit", "", "403::Organization total events daily limit exceeded", "none"),
    ],
)
def test_a_fault_of_the_stream_reaches_a_held_connect(
    subscriber: Subscriber, org: DemoOrg, fault: str, value: str, error: str, advice: str
) -> None:
    threading.Timer(0.1, lambda: org.faults.break_it(fault, times=1, value=value)).start()
    (told,) = subscriber.connect()
    assert (told["error"], told["advice"]["reconnect"]) == (error, advice)


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


def test_with_change_data_capture_off_there_is_no_channel(
    subscriber: Subscriber, org: DemoOrg
) -> None:
    org.faults.break_it("cdc_off")
    assert "doesn't exist" in subscriber.subscribe()["error"]
    assert "doesn't exist" in subscriber.subscribe(ALL)["error"]


def test_a_large_body_a_get_and_an_old_version_are_refused(client: Client) -> None:
    headers = client.headers
    url = f"{client.url}/cometd/66.0"
    assert requests.post(url, data=b" " * 40_000, headers=headers, timeout=5).status_code == 413
    assert requests.get(url, headers=headers, timeout=5).status_code == 400
    old = f"{client.url}/cometd/36.0"
    assert requests.post(old, json=[], headers=headers, timeout=5).status_code == 400
    assert requests.post(url, json=[{"channel": "/meta/handshake"}], timeout=5).status_code == 401


def test_a_body_in_chunks_is_read(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'[{"channel":"/meta/hand'
        yield b'shake","version":"1.0"}]'

    url = f"{client.url}/cometd/66.0/handshake"
    answer = requests.post(url, data=chunks(), headers=client.headers, timeout=5)
    assert answer.json()[0]["successful"] is True
