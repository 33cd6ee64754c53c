import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import TimeLimits
from integrations.salesforce.tokens import AppKeys, Tokens

from .scripted_server import ScriptedServer, running_server

ORG = "00Dx0000000BV7zEAG"
USER = "005x00000012Q9PAAU"
ACCESS_TOKEN = "00Dx0000000BV7z!CanaryAccess.1"
REFRESH_TOKEN = "5AepCanaryRefresh1"
CONSUMER_SECRET = "CanaryConsumerSecret"
SECRETS = ("CanaryAccess", "CanaryRefresh", CONSUMER_SECRET)
# Short enough for a test, long enough for a slow machine.
SHORT = TimeLimits(connect=2, read=0.4, total=1.0)


@dataclass
class FakeTime:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@dataclass
class TokensInMemory:
    """A TokenStore for one process."""

    tokens: Tokens
    refreshes: int = 0
    others_renew_to: Tokens | None = None

    def load(self) -> Tokens:
        return self.tokens

    def renew(self, stale_access_token: str, refresh: Callable[[Tokens], Tokens]) -> Tokens:
        if self.others_renew_to:
            self.tokens, self.others_renew_to = self.others_renew_to, None
        if self.tokens.access_token == stale_access_token:
            self.refreshes += 1
            self.tokens = refresh(self.tokens)
        return self.tokens


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as script:
        yield script


@pytest.fixture
def fake_time() -> FakeTime:
    random.seed(7)
    return FakeTime()


@pytest.fixture
def tokens(server: ScriptedServer) -> Tokens:
    return Tokens(
        access_token=ACCESS_TOKEN,
        refresh_token=REFRESH_TOKEN,
        instance_url=server.url,
        identity_url=f"{server.url}/id/{ORG}/{USER}",
        issued_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


@pytest.fixture
def app(server: ScriptedServer, fake_time: FakeTime) -> OAuthApp:
    return OAuthApp(
        server.url,
        AppKeys("the-key", CONSUMER_SECRET),
        "https://scoreline.example/callback/",
        allow_loopback=True,
        limits=TimeLimits(connect=2, read=2, total=5),
        clock=fake_time.clock,
        sleep=fake_time.sleep,
    )


@pytest.fixture
def store(tokens: Tokens) -> TokensInMemory:
    return TokensInMemory(tokens)


@pytest.fixture
def client(app: OAuthApp, store: TokensInMemory, fake_time: FakeTime) -> Iterator[SalesforceClient]:
    with SalesforceClient(
        Access(app, store, "66.0", allow_loopback=True),
        limits=TimeLimits(connect=2, read=2, total=60),
        clock=fake_time.clock,
        sleep=fake_time.sleep,
    ) as client:
        yield client
