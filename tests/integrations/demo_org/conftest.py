"""One org a test, on a real socket; clients that know nothing of how it is made."""

from collections.abc import Iterator

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import run_in_thread

from .browser import Browser
from .client import CALLBACK, Client
from .subscriber import Subscriber


@pytest.fixture
def org() -> DemoOrg:
    made = DemoOrg.believable(people=12)
    made.app.callback_urls.append(CALLBACK)
    made.stream_hold = 1.0
    return made


@pytest.fixture
def client(org: DemoOrg) -> Iterator[Client]:
    with run_in_thread(org) as running:
        yield Client(running.url, org, org.grant("integration@maventech.example"))


@pytest.fixture
def browser(client: Client) -> Browser:
    """Of somebody who has not let the app in yet."""
    client.org.authority.revoke(client.tokens["refresh_token"])
    return Browser(client)


@pytest.fixture
def subscriber(client: Client) -> Iterator[Subscriber]:
    made = Subscriber(client)
    assert made.handshake()["successful"]
    assert made.connect()[-1]["advice"]["reconnect"] == "retry"
    yield made
    made.session.close()
