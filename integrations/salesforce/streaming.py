"""Listening to an org's changes: Change Data Capture over CometD.

An event is only a hint that records changed. The stream is fast, the poll is complete: what the
stream cannot promise it says, so that the caller polls.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from integrations.salesforce.access import Access
from integrations.salesforce.errors import (
    ReconnectRequired,
    SalesforceError,
    SessionExpired,
    TransientError,
)
from integrations.salesforce.long_polling import LongPolling, Message
from integrations.salesforce.session import TimeLimits
from integrations.salesforce.stream_events import (
    NotStreamed,
    PositionLost,
    ReplayRefused,
    SessionLost,
    StreamEvent,
    channel_of,
    event_from,
    refusal,
    subscription_refusal,
)
from integrations.salesforce.tokens import Tokens

logger = logging.getLogger(__name__)

TIP, ALL_KEPT = -1, -2
LIMITS = TimeLimits(connect=10, read=30, total=40)  # besides the time that an answer is held
BEAT_EVERY = 5.0
LONGEST_PAUSE = 60.0
#: Somebody else may renew the tokens while we do; fresh ones that are refused again are no use.
_MOST_RENEWALS = 2


class StreamStopped(Exception):
    """Somebody asked the stream to end."""


class ChangeStream:
    """Delivers the changes of some objects until `stop` is set.

    `positions` are the objects with the replay id up to which each was dealt with; empty: none
    is known. `on_beat` is called about every five seconds while it listens, also when nothing
    comes; `on_trouble` with each passing trouble, which it overcomes, and None when that is over.
    """

    def __init__(
        self,
        access: Access,
        positions: Mapping[str, str],
        *,
        stop: threading.Event,
        on_beat: Callable[[], None] = lambda: None,
        on_trouble: Callable[[SalesforceError | None], None] = lambda _: None,
        limits: TimeLimits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.positions = dict(positions)
        self._objects = {channel_of(name): name for name in positions}
        self._access = access
        self._stop = stop
        self._on_beat = on_beat
        self._on_trouble = on_trouble
        self._limits = limits
        self._clock = clock
        self._sleep = sleep or stop.wait
        self._tokens: Tokens | None = None
        self._failures = 0
        self._renewals = 0
        self._beaten_at = clock()

    def batches(self) -> Iterator[list[StreamEvent]]:
        """Yield what arrived, in order. It counts as dealt with when the next is asked for.

        Ends when it is stopped. Raises ReconnectRequired, LimitReached and ConfigurationError
        (ChangesNotEnabled when none of the objects is streamed); what passes is overcome here.
        """
        try:
            while True:
                try:
                    yield from self._listen()
                except SessionExpired as error:
                    self._renew(error)
                except TransientError as error:
                    self._pause_after(error)
        except StreamStopped:
            return

    def _listen(self) -> Iterator[list[StreamEvent]]:
        """One session with the server, until it breaks. What got lost with it comes again."""
        self._look()
        access = self._access
        self._tokens = self._tokens or access.store.load()
        polling = LongPolling(
            access.server(self._tokens),
            self._tokens,
            access.api_version,
            self._limits,
            look=self._look,
        )
        try:
            _insist(polling.handshake())
            yield from self._dealt_with(self._connected(polling, hold=False))
            yield from self._dealt_with(self._subscribed(polling))
            while True:
                events = self._connected(polling)
                self._all_is_well()
                yield from self._dealt_with(events)
                self._look()
        finally:
            polling.close()

    def _dealt_with(self, events: list[StreamEvent]) -> Iterator[list[StreamEvent]]:
        if not events:
            return
        yield events
        for event in events:
            if event.replay_id:
                self.positions[event.object_name] = event.replay_id

    def _connected(self, polling: LongPolling, *, hold: bool = True) -> list[StreamEvent]:
        reply, delivered, interval = polling.connect(hold=hold)
        _insist(reply)
        if hold and not delivered:
            self._wait(interval)
        return self._events(delivered)

    def _subscribed(self, polling: LongPolling) -> list[StreamEvent]:
        said: list[StreamEvent] = []
        for channel, name in self._objects.items():
            said += self._subscribe(polling, channel, name)
        refused = [event for event in said if isinstance(event, NotStreamed)]
        if refused and len(refused) == len(self._objects):
            raise refused[0].error
        return said

    def _subscribe(self, polling: LongPolling, channel: str, name: str) -> list[StreamEvent]:
        position = self.positions[name]
        if not position:
            # Nobody knows what happened before now, so the caller polls.
            return [PositionLost(name, ""), *self._subscribe_from(polling, channel, name, TIP)]
        replay = int(position) if position.lstrip("-").isdecimal() else position
        try:
            return self._subscribe_from(polling, channel, name, replay)
        except ReplayRefused:
            logger.warning("Salesforce no longer keeps what followed our position in %s", name)
        lost = PositionLost(name, str(ALL_KEPT))
        return [lost, *self._subscribe_from(polling, channel, name, ALL_KEPT)]

    def _subscribe_from(
        self, polling: LongPolling, channel: str, name: str, replay: str | int
    ) -> list[StreamEvent]:
        reply, delivered = polling.subscribe(channel, replay)
        events = self._events(delivered)
        if reply.get("successful") is True:
            return events
        error = subscription_refusal(reply, name)
        if isinstance(error, TransientError | SessionExpired):
            raise error
        return [*events, NotStreamed(name, "", error)]

    def _events(self, delivered: list[Message]) -> list[StreamEvent]:
        named = [(one, self._objects.get(str(one.get("channel")))) for one in delivered]
        events = [event_from(one, name) for one, name in named if name]
        return [event for event in events if event is not None]

    # -- trouble

    def _all_is_well(self) -> None:
        self._renewals = 0
        if self._failures:
            self._failures = 0
            self._on_trouble(None)

    def _renew(self, error: SessionExpired) -> None:
        assert self._tokens is not None
        if self._renewals >= _MOST_RENEWALS:
            raise ReconnectRequired(
                "Salesforce does not accept even a fresh session of the connecting user. "
                "Log in to Salesforce again to reconnect.",
                code=error.code,
                detail=error.detail,
            )
        try:
            access = self._access
            self._tokens = access.store.renew(self._tokens.access_token, access.app.refresh)
        except TransientError as trouble:
            self._pause_after(trouble)
        else:
            self._renewals += 1

    def _pause_after(self, error: TransientError) -> None:
        self._failures += 1
        at_once = isinstance(error, SessionLost) and self._failures == 1
        own = min(2.0 ** (self._failures - 1), LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311
        pause = 0.0 if at_once else max(own, error.retry_after or 0.0)
        logger.warning("Listening to Salesforce again in %.1f s after: %s", pause, error.detail)
        self._on_trouble(error)
        self._wait(pause)

    def _wait(self, seconds: float) -> None:
        ends_at = self._clock() + seconds
        while (left := ends_at - self._clock()) > 0:
            self._look()
            self._sleep(min(left, BEAT_EVERY))
        self._look()

    def _look(self) -> None:
        """Stop when asked to, and show now and then that one is alive."""
        if self._stop.is_set():
            raise StreamStopped
        if self._clock() - self._beaten_at >= BEAT_EVERY:
            self._beaten_at = self._clock()
            self._on_beat()


def _insist(reply: Message) -> None:
    if reply.get("successful") is not True:
        raise refusal(reply)
