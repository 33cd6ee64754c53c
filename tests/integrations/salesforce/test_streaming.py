"""The stream of changes against the demo org, over real sockets, with each of its faults."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import Running, run_in_thread
from integrations.salesforce import streaming
from integrations.salesforce.access import Access
from integrations.salesforce.errors import LimitReached, ReconnectRequired, SalesforceError
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import TimeLimits
from integrations.salesforce.stream_events import (
    Changed,
    ChangesNotEnabled,
    NotStreamed,
    Overflow,
    PositionLost,
    StreamEvent,
)
from integrations.salesforce.streaming import ChangeStream
from integrations.salesforce.token_response import tokens_from
from integrations.salesforce.tokens import AppKeys, Hidden

from .conftest import FakeTime, TokensInMemory

PATIENCE = 10.0


@pytest.fixture
def running() -> Iterator[Running]:
    org = DemoOrg.believable(people=12)
    org.stream_hold = 2.0
    with run_in_thread(org) as running:
        yield running


@pytest.fixture
def org(running: Running) -> DemoOrg:
    return running.org


@pytest.fixture
def app(running: Running) -> OAuthApp:
    keys = AppKeys(running.org.app.consumer_key, running.org.app.consumer_secret)
    return OAuthApp(running.url, keys, "https://scoreline.example/callback/", allow_loopback=True)


@pytest.fixture
def store(app: OAuthApp, org: DemoOrg) -> TokensInMemory:
    answer = Hidden(org.grant("integration@maventech.example"))
    return TokensInMemory(tokens_from(answer, keys=app.keys, allow_loopback=True))


@dataclass
class Listener:
    """Runs a stream in a thread and keeps what it says."""

    make: Callable[..., ChangeStream]
    events: list[StreamEvent] = field(default_factory=list)
    troubles: list[SalesforceError | None] = field(default_factory=list)
    error: SalesforceError | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self, **positions: str) -> "Listener":
        stream = self.make(
            positions or {"Opportunity": "-1"}, stop=self.stop, on_trouble=self.troubles.append
        )
        self.thread = threading.Thread(target=self._run, args=(stream,), daemon=True)
        self.thread.start()
        return self

    def _run(self, stream: ChangeStream) -> None:
        try:
            for batch in stream.batches():
                self.events += batch
        except SalesforceError as error:
            self.error = error

    def wait(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, (self.events, self.troubles, self.error)
            time.sleep(0.005)

    @property
    def replay_ids(self) -> list[str]:
        return [event.replay_id for event in self.events if isinstance(event, Changed)]

    def ended(self) -> bool:
        return self.thread is not None and not self.thread.is_alive()

    @property
    def changed(self) -> list[str]:
        return [
            one for event in self.events if isinstance(event, Changed) for one in event.record_ids
        ]


@pytest.fixture
def listener(app: OAuthApp, store: TokensInMemory, fake_time: FakeTime) -> Iterator[Listener]:
    def make(positions: dict[str, str], **more: object) -> ChangeStream:
        settings = {
            "limits": TimeLimits(connect=2, read=1, total=2),
            "clock": fake_time.clock,
            "sleep": fake_time.sleep,
        } | more
        return ChangeStream(Access(app, store, "66.0", True), positions, **settings)  # type: ignore[arg-type]

    made = Listener(make)
    yield made
    made.stop.set()
    if made.thread:
        made.thread.join(PATIENCE)
        assert made.ended()


def deals(org: DemoOrg) -> list[str]:
    return [row["Id"] for row in org.store.rows("Opportunity") if not row["IsDeleted"]]


def listening(org: DemoOrg, listener: Listener) -> None:
    """Wait until a change is heard, and each one made until then; forget what was said."""
    deal = deals(org)[-1]

    def heard() -> bool:
        org.update("Opportunity", deal, NextStep="Anything")
        time.sleep(0.05)
        return deal in listener.changed

    listener.wait(heard)
    last = str(org.changes.tip)
    listener.wait(lambda: last in listener.replay_ids)
    listener.events.clear()


def test_a_change_arrives_while_it_is_listened_for(org: DemoOrg, listener: Listener) -> None:
    listener.start()
    listening(org, listener)
    started = time.monotonic()
    org.update("Opportunity", deals(org)[0], StageName="Closed Won")
    listener.wait(lambda: listener.changed)
    assert time.monotonic() - started < 1
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
    listener.wait(lambda: sum(fake_time.pauses) >= 7)
    listening(org, listener)
    fake_time.pauses.clear()
    org.faults.break_it("stream_busy", times=1)
    listener.wait(lambda: sum(fake_time.pauses) >= 120)


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


def test_fresh_sessions_that_are_refused_end_it(
    org: DemoOrg, listener: Listener, store: TokensInMemory
) -> None:
    org.faults.break_it("stream_unauthorized")
    listener.start()
    listener.wait(listener.ended)
    assert isinstance(listener.error, ReconnectRequired)
    assert store.refreshes == 2


def test_withdrawn_access_ends_it(org: DemoOrg, listener: Listener) -> None:
    listener.start()
    listening(org, listener)
    org.faults.break_it("revoke_grant")
    listener.wait(listener.ended)
    assert isinstance(listener.error, ReconnectRequired)


def test_it_follows_the_org_to_its_new_address(
    org: DemoOrg, listener: Listener, store: TokensInMemory
) -> None:
    listener.start()
    listening(org, listener)
    org.faults.break_it("moved")
    listening(org, listener)
    assert "localhost" in store.tokens.instance_url


@pytest.mark.parametrize(
    "limit",
    [
        "Organization total events daily limit exceeded",
        "Organization concurrent user limit exceeded",
    ],
)
def test_a_limit_ends_it_with_a_sentence(org: DemoOrg, listener: Listener, limit: str) -> None:
    org.faults.break_it("stream_limit", times=1, value=limit)
    listener.start()
    listener.wait(listener.ended)
    assert isinstance(listener.error, LimitReached)
    assert "by the poll" in listener.error.message


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


def test_where_change_data_capture_is_off_it_says_so(org: DemoOrg, listener: Listener) -> None:
    org.faults.break_it("cdc_off")
    listener.start()
    listener.wait(listener.ended)
    assert isinstance(listener.error, ChangesNotEnabled)
    assert listener.error.object_name == "Opportunity"
    assert "Setup → Change Data Capture" in listener.error.message


def test_an_object_that_is_not_streamed_does_not_keep_the_others_from_it(
    org: DemoOrg, listener: Listener
) -> None:
    listener.start(Opportunity="-1", Account="-1")
    listener.wait(lambda: listener.events)
    (refused,) = listener.events
    assert isinstance(refused, NotStreamed)
    assert refused.object_name == "Account"
    assert isinstance(refused.error, ChangesNotEnabled)
    listening(org, listener)


def test_a_missing_permission_is_named(org: DemoOrg, listener: Listener) -> None:
    org.faults.break_it("no_view_all", value="Task and Event")
    listener.start(Task="-1")
    listener.wait(listener.ended)
    assert isinstance(listener.error, ChangesNotEnabled)
    assert "View All Data" in listener.error.message


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


def test_it_finds_back_to_an_org_that_was_started_anew(
    app: OAuthApp, org: DemoOrg, listener: Listener
) -> None:
    other = DemoOrg.believable(people=12)
    other.app.callback_urls += org.app.callback_urls
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
        listener.wait(lambda: deal in listener.changed)
        listener.stop.set()
