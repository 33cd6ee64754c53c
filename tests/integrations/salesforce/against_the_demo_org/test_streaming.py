"""The stream of changes against the demo org: what arrives, from where, and how it ends."""

import threading
import time

import pytest

from integrations.demo_org import DemoOrg
from integrations.salesforce import streaming
from integrations.salesforce.access import Access
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.stream_events import Changed, Overflow, PositionLost
from integrations.salesforce.streaming import ChangeStream

from ..conftest import TokensInMemory
from .listening import Listener, deals, listening


def test_a_change_arrives_while_it_is_listened_for(org: DemoOrg, listener: Listener) -> None:
    listener.start()
    listening(org, listener)
    started = time.monotonic()
    org.update("Opportunity", deals(org)[0], StageName="Closed Won")
    listener.wait(lambda: listener.changed)
    assert time.monotonic() - started < org.stream_hold, "it came while the answer was held"
    (event,) = listener.events
    assert isinstance(event, Changed)
    assert event.object_name == "Opportunity"
    assert event.record_ids == (deals(org)[0],)
    assert event.replay_id == str(org.changes.tip)


def test_like_changes_arrive_as_one_with_several_ids(org: DemoOrg, listener: Listener) -> None:
    listener.start()
    listening(org, listener)
    ids = deals(org)[:3]
    with org.store.transaction():
        for deal in ids:
            org.update("Opportunity", deal, NextStep="Call")
    listener.wait(lambda: listener.changed)
    assert [event.record_ids for event in listener.events if isinstance(event, Changed)] == [
        tuple(ids)
    ]


def test_it_goes_on_after_the_position_it_is_given(org: DemoOrg, listener: Listener) -> None:
    first, second = deals(org)[:2]
    org.update("Opportunity", first, Amount=1.0)
    position = str(org.changes.tip)
    org.update("Opportunity", second, Amount=1.0)
    org.insert("Task", Subject="Call", Status="Completed", OwnerId=org.integration_user_id)
    listener.start(Opportunity=position, Task=position)
    listener.wait(lambda: len(listener.changed) == 2)
    assert [event.object_name for event in listener.events] == ["Opportunity", "Task"]
    assert listener.changed[0] == second


def test_what_was_not_dealt_with_comes_again(
    org: DemoOrg, listener: Listener, app: OAuthApp, store: TokensInMemory
) -> None:
    position = str(org.changes.tip)
    org.update("Opportunity", deals(org)[0], Amount=1.0)
    for _ in range(2):
        stream = listener.make({"Opportunity": position}, stop=threading.Event())
        batch = next(stream.batches())  # given up in the middle
        assert [type(event) for event in batch] == [Changed]
        assert stream.positions == {"Opportunity": position}


def test_without_a_position_it_says_that_something_may_be_missing(
    org: DemoOrg, listener: Listener
) -> None:
    listener.start(Opportunity="")
    listener.wait(lambda: listener.events)
    assert listener.events == [PositionLost("Opportunity", "")]


@pytest.mark.parametrize("position", ["5", "not-a-number"])
def test_a_position_that_is_not_kept_is_told_and_all_that_is_kept_follows(
    org: DemoOrg, listener: Listener, position: str
) -> None:
    org.update("Opportunity", deals(org)[0], Amount=1.0)
    listener.start(Opportunity=position)
    listener.wait(lambda: listener.changed)
    assert listener.events[0] == PositionLost("Opportunity", "-2")
    assert listener.changed == [deals(org)[0]]


def test_a_gap_and_an_overflow_are_told_apart(org: DemoOrg, listener: Listener) -> None:
    listener.start()
    listening(org, listener)
    deal = deals(org)[0]
    org.faults.break_it("cdc_gap", times=1)
    org.update("Opportunity", deal, Amount=1.0)
    listener.wait(lambda: len(listener.events) == 1)
    org.faults.break_it("cdc_overflow", times=1)
    org.update("Opportunity", deal, Amount=2.0)
    listener.wait(lambda: len(listener.events) == 2)
    gap, overflow = listener.events
    assert isinstance(gap, Changed)
    assert gap.record_ids == (deal,)
    assert overflow == Overflow("Opportunity", str(org.changes.tip))


def test_it_stops_at_once_though_an_answer_is_held(org: DemoOrg, listener: Listener) -> None:
    org.stream_hold = 110.0
    listener.start()
    listening(org, listener)
    started = time.monotonic()
    listener.stop.set()
    listener.wait(listener.ended)
    assert time.monotonic() - started < 1
    assert listener.error is None


def test_it_shows_that_it_is_alive_while_nothing_comes(
    org: DemoOrg, app: OAuthApp, store: TokensInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BEAT_EVERY", 0.1)
    beats: list[float] = []
    stop = threading.Event()

    def beat() -> None:
        beats.append(time.monotonic())
        if len(beats) == 3:
            stop.set()

    access = Access(app, store, "66.0", allow_loopback=True)
    stream = ChangeStream(access, {"Opportunity": "-1"}, stop=stop, on_beat=beat)
    assert list(stream.batches()) == []
    assert len(beats) == 3
