"""Everything that can be broken here, and the switches for it.

A fault either spoils answers (the next one, the next few, all of them) or changes the org itself
until it is mended. `web_faults.py` carries out the first kind, `switches.py` the second.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .fault_kinds import KINDS
from .fault_types import FaultKind, Undo, UnknownFault
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
AREAS = {
    "data": "Data requests",
    "login": "Log-in requests",
    "stream": "Stream requests",
    "all": "All requests",
}


@dataclass
class Broken:
    """A fault that is on. `times` None: until mended; `after`: requests to let pass first.

    `where` is `data` (the REST API), `login` (the OAuth endpoints), `stream` (CometD), `all`,
    or a part of a path.
    """

    kind: FaultKind
    times: int | None = None
    after: int = 0
    where: str = "data"
    value: str = ""
    hits: int = 0
    undo: Undo | None = None


class Faults:
    """What is broken in one org right now, in the order in which it was switched on."""

    def __init__(self, org: "DemoOrg") -> None:
        self.org = org
        self._broken: dict[str, Broken] = {}
        # The store's own: a fault changes records, and a change of records asks for faults, so
        # with a lock each the two would wait for each other.
        self._lock = org.store.lock

    def break_it(
        self,
        name: str,
        times: int | None = None,
        after: int = 0,
        where: str = "data",
        value: str = "",
    ) -> None:
        """Switch a fault on (again: with the new settings); UnknownFault says what is wrong."""
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFault(f"There is no fault {name!r}. There are: {', '.join(KINDS)}.")
        value = value or kind.default
        if kind.choices and value not in kind.choices:
            raise UnknownFault(f"{kind.title}: {value!r} is none of {', '.join(kind.choices)}.")
        if kind.numeric and value and not _NUMBER.fullmatch(value):
            raise UnknownFault(f"{kind.title}: {value!r} is not a number.")
        if kind.whole and not value.isdigit():
            raise UnknownFault(f"{kind.title}: {value!r} is not a whole number.")
        with self._lock:
            if kind.act:
                kind.act(self.org)
                self.org.changes.on_commit()
                return
            self.mend(name)
            undo = kind.switch(self.org, value) if kind.switch else None
            self._broken[name] = Broken(kind, times, after, where, value, undo=undo)
        self.org.changes.on_commit()

    def mend(self, name: str) -> None:
        """Switch a fault off and undo what it did; nothing happens when it is not on."""
        with self._lock:
            broken = self._broken.get(name)
            if broken is None:
                return
            on = list(self._broken.values())
            del self._broken[name]
            if broken.undo is None:
                return
            # A later switch may have changed the same rows: take those back first, then redo them.
            later = [other for other in on[on.index(broken) + 1 :] if other.undo]
            for switched in [*reversed(later), broken]:
                assert switched.undo is not None
                switched.undo()
            for other in later:
                assert other.kind.switch is not None
                other.undo = other.kind.switch(self.org, other.value)

    def mend_everything(self) -> None:
        with self._lock:
            for name in reversed(list(self._broken)):
                self.mend(name)

    def is_on(self, name: str) -> bool:
        return name in self._broken

    def value(self, name: str) -> str | None:
        broken = self._broken.get(name)
        return broken.value if broken else None

    @property
    def broken(self) -> list[Broken]:
        with self._lock:
            return list(self._broken.values())

    def strike(self, path: str) -> Broken | None:
        """The fault that spoils the answer to this request, if any; counts it."""
        with self._lock:
            for broken in list(self._broken.values()):
                if broken.kind.spoils_answers and _concerns(broken, path) and self._due(broken):
                    return broken
        return None

    def spend(self, name: str) -> Broken | None:
        """The fault, if it is on and its turn; counts it. For what the app itself gets wrong."""
        with self._lock:
            broken = self._broken.get(name)
            return broken if broken and self._due(broken) else None

    def _due(self, broken: Broken) -> bool:
        if broken.after > 0:
            broken.after -= 1
            return False
        broken.hits += 1
        if broken.times is not None and broken.hits >= broken.times:
            self._broken.pop(broken.kind.name, None)
        return True

    def thinned_directory(self, rows: list[Row]) -> list[Row]:
        if self.is_on("empty_directory"):
            return []
        if not self.is_on("shrunk_directory"):
            return rows
        connecting = self.org.connecting_user_id
        return [r for n, r in enumerate(rows) if n % 10 not in (2, 5, 8) or r["Id"] == connecting]


def _concerns(broken: Broken, path: str) -> bool:
    data = path.startswith("/services/data/v")
    login = path.startswith(("/services/oauth2/", "/id/")) and not path.endswith("/authorize")
    if broken.kind.name == "locator_lost":
        return data and "/query/" in path and not path.endswith("/query/")
    stream = path.startswith("/cometd/")
    if broken.where == "data" or broken.kind.data_only:
        return data and (broken.where in AREAS or broken.where in path)
    if broken.where in ("login", "stream"):
        return login if broken.where == "login" else stream
    return (data or login or stream) and (broken.where == "all" or broken.where in path)


def describe(broken: Broken) -> dict[str, Any]:
    """One fault that is on, as JSON."""
    return {
        "fault": broken.kind.name,
        "title": broken.kind.title,
        "times": broken.times,
        "after": broken.after,
        "where": broken.where,
        "value": broken.value,
        "hits": broken.hits,
    }
