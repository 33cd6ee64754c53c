"""The wire and the demo org, each written from Salesforce's documents, understand each other."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import Running, run_in_thread
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
from integrations.salesforce.oauth_errors import from_oauth_error
from integrations.salesforce.pkce import new_pkce, new_state
from integrations.salesforce.session import TimeLimits
from integrations.salesforce.soql import literal, literals, select, selectable
from integrations.salesforce.tokens import AppKeys, Tokens

from .conftest import SHORT, FakeTime, TokensInMemory

CALLBACK = "https://scoreline.example/callback/"
USERS = "SELECT Id, Name, Email, Profile.Name FROM User ORDER BY Id"


@pytest.fixture
def running() -> Iterator[Running]:
    org = DemoOrg.believable(people=12)
    org.app.callback_urls.append(CALLBACK)
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
    return TokensInMemory(log_in(app, org))


@pytest.fixture
def client(app: OAuthApp, store: TokensInMemory, fake_time: FakeTime) -> Iterator[SalesforceClient]:
    with SalesforceClient(
        Access(app, store, "66.0", allow_loopback=True),
        limits=TimeLimits(connect=2, read=5, total=60),
        clock=fake_time.clock,
        sleep=fake_time.sleep,
    ) as client:
        yield client


def through_the_browser(app: OAuthApp, org: DemoOrg, decision: str) -> tuple[dict[str, str], str]:
    """Log in as the integration user; return the callback's parameters and the verifier."""
    pkce, state = new_pkce(), new_state()
    login = org.logins[0]
    with requests.Session() as browser:
        url = app.authorize_url(state, pkce, login.username, prompt="login consent")
        asked = browser.get(url)
        assert login.username in asked.text
        consent = browser.post(
            f"{org.url}/login",
            data={
                "username": login.username,
                "password": login.password,
                "going_to": url.removeprefix(org.url),
            },
        )
        assert consent.ok
        back = browser.post(consent.url, data={"decision": decision}, allow_redirects=False)
    location = urlsplit(back.headers["Location"])
    assert back.headers["Location"].startswith(CALLBACK)
    answer = {name: value for name, (value,) in parse_qs(location.query).items()}
    assert answer["state"] == state
    return answer, pkce.verifier


def log_in(app: OAuthApp, org: DemoOrg) -> Tokens:
    answer, verifier = through_the_browser(app, org, "allow")
    return app.exchange(answer["code"], verifier)


# Logging in ------------------------------------------------------------------------------------


def test_a_log_in_says_who_it_was(app: OAuthApp, org: DemoOrg, store: TokensInMemory) -> None:
    identity = app.identity(store.tokens)
    assert (identity.org_id, identity.user_id) == (org.org_id, org.integration_user_id)
    assert identity.username == org.logins[0].username
    assert identity.active
    assert store.tokens.instance_url == org.url


def test_a_code_is_good_once_and_with_its_verifier_only(app: OAuthApp, org: DemoOrg) -> None:
    answer, verifier = through_the_browser(app, org, "allow")
    with pytest.raises(ReconnectRequired):
        app.exchange(answer["code"], new_pkce().verifier)
    answer, verifier = through_the_browser(app, org, "allow")
    app.exchange(answer["code"], verifier)
    with pytest.raises(ReconnectRequired):
        app.exchange(answer["code"], verifier)


def test_saying_no_is_understood(app: OAuthApp, org: DemoOrg) -> None:
    answer, _ = through_the_browser(app, org, "deny")
    error = from_oauth_error(answer["error"], answer["error_description"])
    assert isinstance(error, ReconnectRequired)
    assert "press Allow" in error.message


def test_a_wrong_secret_is_said_to_be_wrong(running: Running, org: DemoOrg) -> None:
    keys = AppKeys(org.app.consumer_key, "not the secret")
    app = OAuthApp(running.url, keys, CALLBACK, allow_loopback=True)
    answer, verifier = through_the_browser(app, org, "allow")
    with pytest.raises(ConfigurationError, match="key and secret"):
        app.exchange(answer["code"], verifier)


def test_a_revoked_token_ends_the_access(
    app: OAuthApp, client: SalesforceClient, store: TokensInMemory
) -> None:
    client.limits()
    assert app.revoke(store.tokens.refresh_token) is True
    assert app.revoke(store.tokens.refresh_token) is False
    with pytest.raises(ReconnectRequired):
        app.identity(store.tokens)
    with pytest.raises(ReconnectRequired):
        client.limits()


# Reading ---------------------------------------------------------------------------------------


def test_everybody_is_read_page_by_page(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("small_pages")
    first = client.first_page(USERS)
    assert len(first.rows) == 5
    assert first.total_size == len(org.users)
    rows = list(client.query(USERS))
    assert [row["Id"] for row in rows] == sorted(user["Id"] for user in org.users)
    assert all(set(row) == {"Id", "Name", "Email", "Profile"} for row in rows)
    assert all(set(row["Profile"]) == {"Name"} for row in rows if row["Profile"])


def test_the_org_tells_its_name_its_time_and_its_usage(
    client: SalesforceClient, org: DemoOrg
) -> None:
    assert client.organization()["Id"] == org.org_id
    assert client.server_time is not None
    assert client.usage is not None
    assert 0 < client.usage.used < client.usage.limit
    assert client.limits()["DailyApiRequests"]["Max"] == client.usage.limit
    assert "User" in {item["name"] for item in client.describe_global()["sobjects"]}


def test_a_query_is_built_from_what_the_describe_shows(
    client: SalesforceClient, org: DemoOrg
) -> None:
    wanted = ["id", "EMAIL", "Profile.Name", "Shoe_Size__c"]
    selection = selectable(wanted, client.describe("User"))
    assert selection.missing == ["Shoe_Size__c"]
    people = org.users[:3]
    where = (
        f"Id IN {literals([person['Id'] for person in people])}"
        f" AND Name = {literal(people[0]['Name'])} AND SystemModstamp > 2000-01-01T00:00:00Z"
    )
    (row,) = client.query(select(selection.available, "User", where=where))
    assert row["Id"] == people[0]["Id"]
    assert row["Email"] == people[0]["Email"]


@pytest.mark.parametrize("name", ["O'Neill", "a\\", "' OR Name != '", "Ünï ☃ + & %", 'say "x"'])
def test_a_name_finds_its_owner_and_nobody_else_whatever_is_in_it(
    client: SalesforceClient, org: DemoOrg, name: str
) -> None:
    org.update("User", org.users[2]["Id"], LastName=name)
    rows = client.query(select(["Id"], "User", where=f"LastName = {literal(name)}"))
    assert [row["Id"] for row in rows] == [org.users[2]["Id"]]


def test_a_field_that_was_hidden_is_named(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("hidden_field", value="Opportunity.Amount")
    with pytest.raises(ConfigurationError) as caught:
        list(client.query("SELECT Id, Amount FROM Opportunity"))
    assert (caught.value.field, caught.value.object_name) == ("Amount", "Opportunity")
    assert selectable(["Amount"], client.describe("Opportunity")).missing == ["Amount"]


def test_an_object_that_may_not_be_read_is_named(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("no_read", value="Opportunity")
    with pytest.raises(ConfigurationError) as caught:
        list(client.query("SELECT Id FROM Opportunity"))
    assert caught.value.object_name == "Opportunity"
    with pytest.raises(ConfigurationError) as caught:
        client.describe("Opportunity")
    assert caught.value.object_name == "Opportunity"


# Bad days --------------------------------------------------------------------------------------


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


def test_a_rotated_token_works_for_the_next_refresh_and_the_old_one_does_not(
    app: OAuthApp, org: DemoOrg, store: TokensInMemory
) -> None:
    org.faults.break_it("rotation")
    second = app.refresh(store.tokens)
    third = app.refresh(second)
    assert app.identity(third).user_id == org.integration_user_id
    with pytest.raises(ReconnectRequired):
        app.refresh(second)


def test_a_session_refused_for_ever_needs_a_person(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory
) -> None:
    org.faults.break_it("token_expired")
    with pytest.raises(ReconnectRequired):
        client.limits()
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
        client.limits()
    assert time.monotonic() - started < SHORT.total + 3


def test_background_work_stops_when_the_org_is_busy(client: SalesforceClient, org: DemoOrg) -> None:
    org.faults.break_it("api_usage", value="95")
    client.limits()
    with pytest.raises(LimitReached):
        client.limits()


@pytest.mark.parametrize("fault", ["revoke_grant", "user_inactive"])
def test_access_that_is_gone_needs_a_person(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory, fault: str
) -> None:
    client.limits()
    org.faults.break_it(fault)
    with pytest.raises(ReconnectRequired):
        client.limits()
    assert store.refreshes <= 1


def test_an_org_that_moves_is_followed_by_its_own_word(
    client: SalesforceClient, org: DemoOrg, store: TokensInMemory
) -> None:
    client.limits()
    org.faults.break_it("moved")
    assert len(list(client.query(USERS))) == len(org.users)
    assert store.tokens.instance_url == org.instance_url
    assert store.tokens.instance_url != org.url


def test_an_app_comes_in_as_its_own_user_by_client_credentials(app: OAuthApp, org: DemoOrg) -> None:
    tokens = app.client_credentials()
    assert app.identity(tokens).user_id == org.integration_user_id
    assert app.refresh(tokens).access_token != tokens.access_token
    assert app.revoke(tokens.revocable)
    org.app.client_credentials = False
    with pytest.raises(ReconnectRequired, match="Run As"):
        app.client_credentials()
