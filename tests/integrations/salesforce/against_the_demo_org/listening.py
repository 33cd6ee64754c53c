"""A stream of changes that a test listens to."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from integrations.demo_org import DemoOrg
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.stream_events import Changed, StreamEvent
from integrations.salesforce.streaming import ChangeStream
from tests.waiting import happens

PATIENCE = 10.0


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
        """Until something is true, for ten seconds at most."""
        comes_true = happens(true, PATIENCE)
        assert comes_true, (self.events, self.troubles, self.error)

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


def add_deals(org: DemoOrg) -> None:
    for name in ("Pilot", "Renewal", "Expansion", "Annual plan"):
        org.insert(
            "Opportunity",
            Name=name,
            StageName="Prospecting",
            CloseDate=org.today(),
            OwnerId=org.integration_user_id,
        )


def deals(org: DemoOrg) -> list[str]:
    return [row["Id"] for row in org.store.rows("Opportunity") if not row["IsDeleted"]]


def listening(org: DemoOrg, listener: Listener) -> None:
    """Wait until a change is heard, and each one made until then; forget what was said."""
    deal = deals(org)[-1]

    def heard() -> bool:
        org.update("Opportunity", deal, NextStep="Anything")
        return deal in listener.changed

    listener.wait(heard)
    last = str(org.changes.tip)
    listener.wait(lambda: last in listener.replay_ids)
    listener.events.clear()
