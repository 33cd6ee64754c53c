"""Whom the stream refuses, and in which words."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import requests

from integrations.demo_org import DemoOrg

from .client import Client
from .subscriber import ALL, Subscriber, a_deal, header


@pytest.mark.parametrize("replay", [5, 10**9, "abc"])
def test_an_id_that_is_not_kept_is_refused_in_salesforces_words(
    subscriber: Subscriber, replay: Any
) -> None:
    told = subscriber.subscribe(replay=replay)
    assert told["successful"] is False
    assert told["error"].startswith(
        f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid ID"
    )


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
