"""The stream of changes, with each of the demo org's faults: it goes on and nothing is lost."""

import time

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.salesforce import streaming
from integrations.salesforce.access import Access
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.stream_events import PositionLost
from integrations.salesforce.streaming import ChangeStream
from integrations.salesforce.token_response import tokens_from
from integrations.salesforce.tokens import AppKeys, Hidden

from ..conftest import FakeTime, TokensInMemory
from .listening import Listener, deals, listening


def test_a_refused_position_is_told_once(org: DemoOrg, listener: Listener) -> None:
    org.faults.break_it("replay_refused", times=1)
    listener.start(Opportunity=str(org.changes.tip))
    listener.wait(lambda: listener.events)
    listening(org, listener)
    org.faults.break_it("stream_session_lost", times=1)
    listening(org, listener)
    assert not [event for event in listener.events if isinstance(event, PositionLost)]


@pytest.mark.parametrize(
    ("fault", "value", "where"),
    [
        ("stream_session_lost", "", "data"),
        ("stream_unauthorized", "message", "data"),
        ("stream_unauthorized", "status", "data"),
        ("stream_busy", "", "data"),
        ("unavailable", "", "stream"),
        ("unavailable", "7", "stream"),
        ("server_error", "", "stream"),
        ("html_page", "", "stream"),
        ("empty_body", "", "stream"),
        ("half_page", "", "stream"),
        ("reset", "", "stream"),
        ("hang", "", "stream"),
    ],
)
def test_after_any_fault_it_goes_on_and_nothing_is_lost(
    org: DemoOrg, listener: Listener, fault: str, value: str, where: str
) -> None:
    listener.start()
    listening(org, listener)
    first, second, third = deals(org)[:3]
    org.faults.break_it(fault, times=1, value=value, where=where)
    org.update("Opportunity", first, Amount=1.0)
    listener.wait(lambda: not org.faults.broken)
    org.update("Opportunity", second, Amount=1.0)
    listener.wait(lambda: second in listener.changed)
    org.update("Opportunity", third, Amount=1.0)
    listener.wait(lambda: third in listener.changed)
    assert set(listener.changed) == {first, second, third}
    assert listener.error is None


def test_it_waits_as_long_as_it_is_asked_to(
    org: DemoOrg, listener: Listener, fake_time: FakeTime
) -> None:
    listener.start()
    listening(org, listener)
    fake_time.pauses.clear()
    org.faults.break_it("unavailable", times=1, value="7", where="stream")
    listener.wait(lambda: not org.faults.broken)
    listening(org, listener)
    assert sum(fake_time.pauses) >= 7
    fake_time.pauses.clear()
    org.faults.break_it("stream_busy", times=1)
    listener.wait(lambda: not org.faults.broken)
    listening(org, listener)
    assert sum(fake_time.pauses) >= 120


def test_lasting_trouble_is_told_pauses_grow_and_its_end_is_told(
    org: DemoOrg, listener: Listener, fake_time: FakeTime
) -> None:
    listener.start()
    listening(org, listener)
    org.faults.break_it("unavailable", where="stream")
    listener.wait(lambda: len(listener.troubles) >= 8)
    org.faults.mend_everything()
    listening(org, listener)
    assert listener.troubles[-1] is None
    assert sum(fake_time.pauses) > 60
    assert max(fake_time.pauses) <= streaming.LONGEST_PAUSE


def test_an_expired_session_costs_one_refresh(
    org: DemoOrg, listener: Listener, store: TokensInMemory
) -> None:
    listener.start()
    listening(org, listener)
    org.faults.break_it("expire_tokens")
    listening(org, listener)
    assert store.refreshes == 1


def test_it_follows_the_org_to_its_new_address(
    org: DemoOrg, listener: Listener, store: TokensInMemory
) -> None:
    listener.start()
    listening(org, listener)
    org.faults.break_it("moved")
    listening(org, listener)
    assert "localhost" in store.tokens.instance_url


def test_it_finds_back_to_an_org_that_was_started_anew(listener: Listener) -> None:
    other = DemoOrg.believable(people=12)
    with run_in_thread(other) as first:
        port = int(first.url.rpartition(":")[2])
        keys = AppKeys(other.app.consumer_key, other.app.consumer_secret)
        other_app = OAuthApp(first.url, keys, "https://x.example/", allow_loopback=True)
        answer = Hidden(other.grant("integration@maventech.example"))
        tokens = TokensInMemory(tokens_from(answer, keys=keys, allow_loopback=True))
        access = Access(other_app, tokens, "66.0", allow_loopback=True)
        listener.make = lambda positions, **more: ChangeStream(
            access, positions, sleep=lambda _: time.sleep(0.05), **more
        )
        listener.start()
        listening(other, listener)
    deal = deals(other)[0]
    other.update("Opportunity", deal, Amount=3.0)
    with run_in_thread(other, port):
        listener.wait(lambda: listener.changed)
        listener.stop.set()
    assert listener.changed == [deal]
