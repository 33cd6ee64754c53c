"""Change Data Capture: what is kept of each change, for how long, and under which replay ids."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .schema import OBJECTS
from .store import Change, Row

if TYPE_CHECKING:
    from .org import DemoOrg

ALL_CHANGES = "/data/ChangeEvents"
MOST_ENTITIES = 5
RETENTION = timedelta(hours=72)
OVERFLOW_ID = "000000000000000AAA"
# Replay ids rise, but nobody may count on how: the steps between them differ.
FIRST_REPLAY_ID, STEPS = 6420, (1, 3, 2, 7)
# Salesforce leaves out what it works out by itself.
_LEFT_OUT = {
    "Id",
    "IsDeleted",
    "SystemModstamp",
    "IsClosed",
    "IsWon",
    "IsHighPriority",
    "ExpectedRevenue",
    "Fiscal",
    "FiscalYear",
    "FiscalQuarter",
    "ForecastCategory",
    "HasOpportunityLineItem",
    "LastActivityDate",
    "LastLoginDate",
    "SmallPhotoUrl",
    "FullPhotoUrl",
}


class TooManyEntities(ValueError):
    """More than five objects were selected for Change Data Capture."""


@dataclass(frozen=True)
class ChangeEvent:
    replay_id: int
    entity: str
    committed: datetime
    payload: dict[str, Any]

    def on(self, channel: str) -> dict[str, Any]:
        """The message as a subscriber of this channel gets it."""
        event = {"replayId": self.replay_id}
        data = {"schema": f"{self.entity}-1", "payload": self.payload, "event": event}
        return {"data": data, "channel": channel}


class ChangeLog:
    """The events of the last three days. `select` says of which objects."""

    def __init__(self, org: "DemoOrg") -> None:
        self.org = org
        self.selected: tuple[str, ...] = ()
        self.select("Opportunity", "Task", "Event", "User")
        self.on_commit: Callable[[], None] = lambda: None
        self._events: list[ChangeEvent] = []
        self._floor = self._tip = FIRST_REPLAY_ID
        self._commits = 92847272780

    def select(self, *names: str) -> None:
        """Choose the objects whose changes are sent; TooManyEntities above five."""
        unknown = [name for name in names if name not in OBJECTS]
        if unknown:
            raise KeyError(f"There is no object {unknown[0]}")
        if len(names) > MOST_ENTITIES:
            message = f"You can select up to {MOST_ENTITIES} entities for Change Data Capture"
            raise TooManyEntities(message)
        self.selected = names

    def entities(self, channel: str) -> tuple[str, ...]:
        """The selected objects that the channel carries; none where there is no such channel."""
        if self.org.faults.is_on("cdc_off"):
            return ()
        if channel == ALL_CHANGES:
            return self.selected
        name = channel.removeprefix("/data/").removesuffix("ChangeEvent")
        return (name,) if channel == f"/data/{name}ChangeEvent" and name in self.selected else ()

    @property
    def tip(self) -> int:
        return self._tip

    @property
    def floor(self) -> int:
        """The newest event that is no longer kept; everything after it is."""
        return self._floor

    def keeps(self, replay_id: int) -> bool:
        """Whether everything after this event can still be sent."""
        self._forget()
        return self._floor <= replay_id <= self._tip

    def after(self, replay_id: int) -> list[ChangeEvent]:
        with self.org.store.lock:
            # Newest first: a subscriber is rarely far behind.
            newer = 0
            for event in reversed(self._events):
                if event.replay_id <= replay_id:
                    break
                newer += 1
            return self._events[len(self._events) - newer :]

    def forget_all(self) -> None:
        """Keep nothing of the past, as if everybody had been away for more than three days."""
        with self.org.store.lock:
            self._tip += STEPS[0]
            self._floor = self._tip
            self._events.clear()

    def record(self, changes: list[Change], origin: str) -> None:
        """Keep the events of one transaction and tell whoever waits for them."""
        changes = [c for c in changes if c.object_name in self.selected]
        if not changes or self.org.faults.is_on("cdc_off"):
            return
        now = self.org.store.clock()
        self._commits += 11
        common = {
            "changeOrigin": origin,
            "transactionKey": str(uuid.uuid4()),
            "commitTimestamp": int(now.timestamp() * 1000),
            "commitNumber": self._commits,
        }
        for number, payload in enumerate(self._payloads(changes), 1):
            payload["ChangeEventHeader"] |= common | {"sequenceNumber": number}
            self._tip += STEPS[len(self._events) % len(STEPS)]
            entity = payload["ChangeEventHeader"]["entityName"]
            self._events.append(ChangeEvent(self._tip, entity, now, payload))
        self._forget()
        self.on_commit()

    def _payloads(self, changes: list[Change]) -> Iterator[dict[str, Any]]:
        """Like changes of one transaction are merged into one event with several ids."""
        overflowed: set[str] = set()
        merged: dict[str, dict[str, Any]] = {}
        for change in changes:
            if change.object_name in overflowed:
                continue
            if self.org.faults.spend("cdc_overflow"):
                overflowed.add(change.object_name)
                yield _overflow(change)
                continue
            payload = _payload(change)
            if self.org.faults.spend("cdc_gap"):
                payload = _gap(payload)
            record_ids = payload["ChangeEventHeader"].pop("recordIds")
            known = merged.setdefault(json.dumps(payload), payload)
            known["ChangeEventHeader"].setdefault("recordIds", []).extend(record_ids)
        yield from merged.values()

    def _forget(self) -> None:
        with self.org.store.lock:
            oldest = self.org.store.clock() - RETENTION
            old = 0
            for event in self._events:
                if event.committed >= oldest:
                    break
                old += 1
                self._floor = event.replay_id
            del self._events[:old]


def change_type(change: Change) -> str:
    if change.before is None:
        return "CREATE"
    was, is_ = change.before.get("IsDeleted"), change.after.get("IsDeleted")
    if was == is_:
        return "UPDATE"
    return "DELETE" if is_ else "UNDELETE"


def _payload(change: Change) -> dict[str, Any]:
    kind = change_type(change)
    changed = [
        name
        for name, value in change.after.items()
        if name not in _LEFT_OUT and (change.before is None or change.before[name] != value)
    ]
    header = _header(change, kind)
    if kind == "UPDATE":
        if "LastModifiedDate" not in changed:
            changed.append("LastModifiedDate")
        header["changedFields"] = changed
        fields = {name: change.after[name] for name in changed}
    elif kind == "DELETE":
        fields = {}
    else:
        shown = (name for name in change.after if name not in _LEFT_OUT)
        fields = {n: change.after[n] for n in shown if change.after[n] is not None}
    return {"ChangeEventHeader": header, **_body(change.object_name, fields)}


def _header(change: Change, kind: str) -> dict[str, Any]:
    return {
        "entityName": change.object_name,
        "recordIds": [change.after["Id"]],
        "changeType": kind,
        "changedFields": [],
        "commitUser": change.after["LastModifiedById"],
    }


def _body(object_name: str, fields: Row) -> dict[str, Any]:
    shown = {name: _as_event(value) for name, value in fields.items()}
    if object_name == "User" and {"Name", "FirstName", "LastName"} & set(shown):
        parts = {n: shown.pop(n) for n in ("FirstName", "LastName") if n in shown}
        shown["Name"] = parts
    return shown


def _gap(payload: dict[str, Any]) -> dict[str, Any]:
    header = dict(payload["ChangeEventHeader"])
    header["changeType"] = f"GAP_{header['changeType']}"
    header["changedFields"] = []
    return {"ChangeEventHeader": header}


def _overflow(change: Change) -> dict[str, Any]:
    header = _header(change, "GAP_OVERFLOW")
    header["recordIds"] = [OVERFLOW_ID]
    return {"ChangeEventHeader": header}


def _as_event(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value
