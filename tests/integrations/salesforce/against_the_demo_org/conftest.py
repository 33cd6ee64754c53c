"""The wire and the demo org, each written from Salesforce's documents, understand each other."""

from collections.abc import Iterator

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import Running, run_in_thread
from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import TimeLimits
from integrations.salesforce.streaming import ChangeStream
from integrations.salesforce.token_response import tokens_from
from integrations.salesforce.tokens import AppKeys, Hidden

from ..conftest import FakeTime, TokensInMemory
from .listening import PATIENCE, Listener, add_deals

CALLBACK = "https://scoreline.example/callback/"
USERS = "SELECT Id, Name, Email, Profile.Name FROM User ORDER BY Id"


@pytest.fixture
def running() -> Iterator[Running]:
    org = DemoOrg.believable(people=12, with_work=False)
    org.app.callback_urls.append(CALLBACK)
    org.stream_hold = 1.0
    with run_in_thread(org) as running:
        yield running


@pytest.fixture
def org(running: Running) -> DemoOrg:
    return running.org


@pytest.fixture
def app(running: Running) -> OAuthApp:
    keys = AppKeys(running.org.app.consumer_key, running.org.app.consumer_secret)
    return OAuthApp(running.url, keys, CALLBACK, allow_loopback=True)


@pytest.fixture
def store(app: OAuthApp, org: DemoOrg) -> TokensInMemory:
    """Access of the integration user."""
    answer = Hidden(org.grant("integration@maventech.example"))
    return TokensInMemory(tokens_from(answer, keys=app.keys, allow_loopback=True))


@pytest.fixture
def client(app: OAuthApp, store: TokensInMemory, fake_time: FakeTime) -> Iterator[SalesforceClient]:
    with SalesforceClient(
        Access(app, store, "66.0", allow_loopback=True),
        limits=TimeLimits(connect=2, read=5, total=60),
        clock=fake_time.clock,
        sleep=fake_time.sleep,
    ) as client:
        yield client


@pytest.fixture
def listener(
    app: OAuthApp, store: TokensInMemory, fake_time: FakeTime, org: DemoOrg
) -> Iterator[Listener]:
    """Listens to an org of a few deals; that they were made is no longer kept."""
    add_deals(org)
    org.changes.forget_all()

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
