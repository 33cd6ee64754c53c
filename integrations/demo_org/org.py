"""The org itself: its data, its log-ins, its client app and what is broken in it right now."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .authority import Authority
from .change_log import ChangeLog
from .faults import Faults
from .grants import ClientApp
from .large import LargeTable
from .store import Row, Store, utc_now

PASSWORD = "demo-org-2026"  # noqa: S105 - the one password of every user here, shown on its pages
CONSUMER_KEY = "3MVG9.demo.org.key.not.from.Salesforce.7hQ2xVbT"
CONSUMER_SECRET = "DEMO5ORG5SECRET5NOT5FROM5SALESFORCE5E41C07A9"  # noqa: S105
DEFAULT_URL = "http://127.0.0.1:8400"
DAILY_API_REQUESTS = 100_000
# Seconds that the stream holds a connect, and that a client may stay away in between.
STREAM_HOLD, STREAM_SESSION = 110.0, 40.0


@dataclass(frozen=True)
class Member:
    """A person of the cast: somebody who needs a decision, and why."""

    role: str
    user_id: str
    name: str
    email: str
    why: str


@dataclass(frozen=True)
class Login:
    username: str
    password: str


class DemoOrg:
    """A Salesforce org in memory. Make one with `believable`, `from_csv` or `empty`."""

    def __init__(self, key: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.store = Store(key, clock)
        self.faults = Faults(self)
        self.authority = Authority(self)
        self.changes = ChangeLog(self)
        self.stream_hold = STREAM_HOLD
        self.stream_session = STREAM_SESSION
        self.url = DEFAULT_URL
        self.moved_to: str | None = None
        self.canvas_url = ""
        self.org_id = ""
        self.integration_user_id = ""
        self.cast: dict[str, Member] = {}
        self.hidden_fields: dict[str, set[str]] = {}
        self.api_calls = 0
        self.large: LargeTable | None = None
        self.stopping = False
        self.browsers: dict[str, str] = {}
        self.app = self.register(ClientApp("Scoreline", CONSUMER_KEY, CONSUMER_SECRET))

    @classmethod
    def believable(
        cls,
        seed: int = 1,
        people: int = 40,
        clock: Callable[[], datetime] = utc_now,
        *,
        with_work: bool = True,
    ) -> "DemoOrg":
        """A made-up company with about `people` sales people and one of every hard case.

        Without their work (accounts, deals, calls, meetings) it is made much faster.
        """
        from .believable import fill

        org = cls(f"believable {seed}", clock)
        fill(org, seed, people, with_work=with_work)
        return org.opened()

    @classmethod
    def from_csv(
        cls, folder: Path, keep_dates: bool = False, clock: Callable[[], datetime] = utc_now
    ) -> "DemoOrg":
        """The company in a folder of CSV files; BrokenData names file, line and column."""
        from .crm_org import load

        return load(folder, keep_dates, clock).opened()

    @classmethod
    def empty(cls, clock: Callable[[], datetime] = utc_now) -> "DemoOrg":
        """An org with nobody in it but the integration user."""
        from .ground import lay_ground

        org = cls("empty", clock)
        lay_ground(org, "Empty Inc")
        return org.opened()

    @classmethod
    def very_large(cls, opportunities: int, people: int = 200) -> "DemoOrg":
        """A made-up company whose opportunities are so many, and never change: for benchmarks."""
        org = cls.believable(people=people)
        org.large = LargeTable(org, opportunities)
        return org

    def opened(self) -> "DemoOrg":
        """Tell the stream of what changes from now on."""
        self.store.watchers.append(self.changes.record)
        return self

    def stop(self) -> None:
        """Let go of every answer that is held back."""
        self.stopping = True
        self.changes.on_commit()

    # -- people

    @property
    def users(self) -> list[Row]:
        return self.store.rows("User")

    def user(self, username: str) -> Row:
        """The user with this username (in any case); KeyError when there is none."""
        for row in self.store.rows("User"):
            if row["Username"].lower() == username.lower():
                return row
        raise KeyError(username)

    @property
    def logins(self) -> list[Login]:
        """Everybody who can log in, the integration user first."""
        able = [row for row in self.users if self._can_log_in(row)]
        able.sort(key=lambda row: (row["Id"] != self.integration_user_id, row["Name"]))
        return [Login(row["Username"], PASSWORD) for row in able]

    def _can_log_in(self, row: Row) -> bool:
        person = row["UserType"] not in ("AutomatedProcess", "Guest")
        return row["IsActive"] and person and not self.is_frozen(row["Id"])

    def is_frozen(self, user_id: str) -> bool:
        logins = self.store.rows("UserLogin")
        return any(row["IsFrozen"] for row in logins if row["UserId"] == user_id)

    def log_in(self, username: str, password: str) -> str | None:
        """The user's id when name and password are right and the user may log in, else None."""
        try:
            row = self.user(username.strip())
        except KeyError:
            return None
        right = secrets.compare_digest(password.encode(), PASSWORD.encode())
        return row["Id"] if right and self._can_log_in(row) else None

    @property
    def connecting_user_id(self) -> str:
        """Whose access the app works with: the newest live grant's user, else the integration's."""
        live = [grant.user_id for grant in self.authority.grants if not grant.revoked]
        return live[-1] if live else self.integration_user_id

    # -- the client app

    def register(self, app: ClientApp) -> ClientApp:
        self.authority.apps[app.consumer_key] = app
        return app

    def grant(self, username: str, app: ClientApp | None = None) -> dict[str, Any]:
        """Connect the app as this user, without a browser; the answer of the token endpoint."""
        return self.authority.grant(self.user(username)["Id"], app or self.app)

    @property
    def instance_url(self) -> str:
        return self.moved_to or self.url

    def identity_url(self, user_id: str) -> str:
        return f"{self.url}/id/{self.org_id}/{user_id}"

    # -- records

    def insert(self, object_name: str, **values: Any) -> Row:
        return self.store.insert(object_name, self.integration_user_id, **values)

    def update(self, object_name: str, record_id: str, **values: Any) -> Row:
        return self.store.update(object_name, record_id, **values)

    def delete(self, object_name: str, record_id: str) -> Row:
        return self.store.update(object_name, record_id, IsDeleted=True)

    def undelete(self, object_name: str, record_id: str) -> Row:
        return self.store.update(object_name, record_id, IsDeleted=False)

    def purge(self, object_name: str, record_id: str) -> None:
        """Empty the recycle bin of this record: queryAll finds it no more."""
        self.store.purge(object_name, record_id)

    # -- limits

    @property
    def api_used(self) -> int:
        percent = self.faults.value("api_usage")
        if percent is None:
            return self.api_calls
        return DAILY_API_REQUESTS * int(percent) // 100

    def today(self) -> date:
        return self.store.clock().date()

    def today_of(self, user_id: str) -> date:
        """In the time zone of this user, which may be a day behind."""
        user = self.store.get("User", user_id)
        assert user is not None
        return self.store.clock().astimezone(ZoneInfo(user["TimeZoneSidKey"])).date()
