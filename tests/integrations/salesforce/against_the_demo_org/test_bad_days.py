"""Reading the demo org on bad days: a fault costs no row, or ends with its own error."""

import time

import pytest

from integrations.demo_org import DemoOrg
from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.oauth import OAuthApp

from ..conftest import SHORT, TokensInMemory
from .conftest import USERS


@pytest.mark.parametrize("rotation", [False, True])
def test_a_session_that_expires_between_two_pages_is_renewed(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory, *, rotation: bool
) -> None:
    if rotation:
        org.faults.break_it("rotation")
    org.faults.break_it("small_pages")
    before = store.tokens
    rows = client.query(USERS)
    next(rows)
    org.faults.break_it("expire_tokens")
    assert 1 + len(list(rows)) == len(org.users)
    assert store.refreshes == 1
    assert (store.tokens.refresh_token != before.refresh_token) is rotation


def test_a_session_refused_for_ever_needs_a_person(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory
) -> None:
    org.faults.break_it("token_expired")
    with pytest.raises(ReconnectRequired):
        client.describe_global()
    assert store.refreshes == 1


@pytest.mark.parametrize(
    "fault",
    ["unavailable", "server_error", "html_page", "half_page", "empty_body", "reset"],
)
def test_a_fault_between_two_pages_costs_no_row(
    client: SalesforceClient, org: DemoOrg, fault: str
) -> None:
    org.faults.break_it("small_pages")
    org.faults.break_it(fault, times=1, after=1, where="/query")
    assert len(list(client.query(USERS))) == len(org.users)


@pytest.mark.parametrize(
    ("fault", "value", "kind"),
    [
        ("unavailable", "", TransientError),
        ("html_page", "", TransientError),
        ("half_page", "", TransientError),
        ("empty_body", "", TransientError),
        ("reset", "", TransientError),
        ("locator_lost", "", TransientError),
        ("request_limit", "TotalRequests", LimitReached),
        ("request_limit", "ConcurrentPerOrgLongTxn", TransientError),
        ("no_api", "", ConfigurationError),
    ],
)
def test_a_fault_for_ever_ends_with_its_own_error(
    client: SalesforceClient,
    org: DemoOrg,
    fault: str,
    value: str,
    kind: type[SalesforceError],
) -> None:
    org.faults.break_it("small_pages")
    org.faults.break_it(fault, value=value)
    with pytest.raises(kind) as caught:
        list(client.query(USERS))
    assert type(caught.value) is kind


@pytest.mark.parametrize("fault", ["hang", "slow_drip"])
def test_an_answer_that_does_not_come_ends_in_time(
    app: OAuthApp, store: TokensInMemory, org: DemoOrg, fault: str
) -> None:
    org.faults.break_it(fault)
    started = time.monotonic()
    with (
        SalesforceClient(Access(app, store, "66.0", allow_loopback=True), limits=SHORT) as client,
        pytest.raises(TransientError),
    ):
        client.describe_global()
    assert time.monotonic() - started < SHORT.total + 3


def test_background_work_stops_when_the_org_is_busy(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("api_usage", value="95")
    client.describe_global()
    with pytest.raises(LimitReached):
        client.describe_global()


@pytest.mark.parametrize("fault", ["revoke_grant", "user_inactive"])
def test_access_that_is_gone_needs_a_person(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory, fault: str
) -> None:
    client.describe_global()
    org.faults.break_it(fault)
    with pytest.raises(ReconnectRequired):
        client.describe_global()
    assert store.refreshes <= 1


def test_an_org_that_moves_is_followed_by_its_own_word(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory
) -> None:
    client.describe_global()
    org.faults.break_it("moved")
    assert len(list(client.query(USERS))) == len(org.users)
    assert store.tokens.instance_url == org.instance_url
    assert store.tokens.instance_url != org.url
