"""Log in with Salesforce, over a real org: whoever is mapped comes in, by org and user id."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from integrations import log_in_views
from integrations.credentials import callback_url, store_app_keys
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, UserMapping
from integrations.salesforce.tokens import AppKeys
from tests.accounts.conftest import make_company, make_user
from tests.integrations.connect.browser import log_in_at_salesforce

BEGIN = "/login/salesforce/"


@pytest.fixture(autouse=True)
def _known_callback(org: DemoOrg, settings: Any) -> None:
    settings.BASE_URL = "http://testserver"
    org.app.callback_urls.append(callback_url())


@pytest.fixture
def username(org: DemoOrg, salesforce_user: str) -> str:
    row = org.store.get("User", salesforce_user)
    assert row
    return str(row["Username"])


def returned(client: Client, username: str, **how: str) -> str:
    """Where Salesforce sends the browser back to, after the whole way there."""
    answer = client.get(BEGIN)
    assert answer.status_code == 302, answer.content
    return log_in_at_salesforce(answer["Location"], username, **how)


def who_is_in(client: Client) -> int | None:
    found = client.session.get("_auth_user_id")
    return int(found) if found else None


def refusal(response: Any) -> str:
    assert response.status_code == 400
    return str(response.context["problem"])


def test_whoever_is_mapped_comes_in(connection: Connection, ann: User, username: str) -> None:
    client = Client()
    answer = client.get(returned(client, username))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert who_is_in(client) == ann.pk
    entry = AuditEntry.objects.get(action="logged_in")
    assert (entry.actor, entry.after) == (ann, {"by": "Salesforce"})


@pytest.mark.parametrize("typed", ["[", "http://[1", "acme\u2100.my.salesforce.com", "\x00"])
def test_what_is_no_address_is_not_found(typed: str, connection: Connection) -> None:
    assert "is connected to this address" in refusal(Client().get(BEGIN, {"domain": typed}))
    assert Client().get(BEGIN, {"org": typed}).status_code == 200


def test_the_access_that_came_along_is_given_back(
    connection: Connection, org: DemoOrg, ann: User, username: str
) -> None:
    before = len(org.authority.grants)  # of other tests: the org is there for all of them
    client = Client()
    client.get(returned(client, username))
    (grant,) = org.authority.grants[before:]
    assert grant.revoked


def test_whoever_came_from_the_tab_to_approve_has_approved(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str, username: str
) -> None:
    page = Client().get(f"/embed/{connection.key}/?_sfdc_canvas_auth=user_approval_required")
    link = re.search(r'href="([^"]*approve)"', page.content.decode())
    assert link
    client = Client()
    leave = client.get(link[1].replace("&amp;", "&"))
    client.get(log_in_at_salesforce(leave["Location"], username))
    assert who_is_in(client) == ann.pk
    assert org.authority.has_approved(salesforce_user, org.app)


def test_an_e_mail_lets_nobody_in(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str, username: str
) -> None:
    row = org.store.get("User", salesforce_user)
    assert row
    UserMapping.objects.all().delete()
    User.objects.filter(pk=ann.pk).update(email=row["Email"])
    client = Client()
    assert refusal(client.get(returned(client, username))) == log_in_views.NOT_MAPPED
    assert who_is_in(client) is None


def test_a_former_mapping_lets_nobody_in(connection: Connection, ann: User, username: str) -> None:
    UserMapping.objects.update(is_current=False)
    client = Client()
    assert refusal(client.get(returned(client, username))) == log_in_views.NOT_MAPPED


@pytest.mark.parametrize("state", [User.State.DEACTIVATED, User.State.PENDING])
def test_an_account_that_is_not_active_reads_why(
    state: str, connection: Connection, ann: User, username: str
) -> None:
    User.objects.filter(pk=ann.pk).update(state=state)
    client = Client()
    assert refusal(client.get(returned(client, username))) == log_in_views.NOT_ACTIVE
    assert who_is_in(client) is None


def test_a_mapping_of_another_org_lets_nobody_in(
    connection: Connection, ann: User, username: str
) -> None:
    """The same server and the same user id, but the connection is to another org."""
    client = Client()
    back = returned(client, username)
    Connection.objects.update(org_id="00Dx0000000BV7zEAG")
    assert "another Salesforce org" in refusal(client.get(back))
    assert who_is_in(client) is None


def test_another_companys_mapping_lets_nobody_in(
    connection: Connection, org: DemoOrg, salesforce_user: str, username: str
) -> None:
    other = make_company("Bolt")
    theirs = Connection.objects.create(
        company=other, login_url="https://bolt.my.salesforce.com", org_id="00Dx0000000BV7zEAG"
    )
    UserMapping.objects.create(
        company=other,
        connection=theirs,
        salesforce_user_id=salesforce_user,
        account=make_user(other, "bo@bolt.example"),
        approach="manual",
    )
    client = Client()
    assert refusal(client.get(returned(client, username))) == log_in_views.NOT_MAPPED


def test_a_state_counts_once(connection: Connection, ann: User, username: str) -> None:
    client = Client()
    back = returned(client, username)
    client.get(back)
    client.logout()
    assert client.get(back).status_code == 400
    assert who_is_in(client) is None


def test_another_browser_cannot_finish_a_log_in(
    connection: Connection, ann: User, username: str
) -> None:
    """Else somebody could be made to log in as whoever began it."""
    back = returned(Client(), username)
    victim = Client()
    assert victim.get(back).status_code == 400
    assert who_is_in(victim) is None


def test_a_log_in_that_took_too_long_begins_anew(
    connection: Connection, ann: User, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_in_views, "SECONDS", -1)
    client = Client()
    assert refusal(client.get(returned(client, username))) == log_in_views.FAILED


def test_whoever_does_not_allow_it_stays_outside_and_the_log_says_why(
    connection: Connection, ann: User, org: DemoOrg, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    undecided = org.logins[4].username
    back = returned(client, undecided, decision="deny")
    assert refusal(client.get(back)) == log_in_views.FAILED
    assert "access_denied" in caplog.text


def test_with_several_orgs_it_asks_which_and_names_none(
    connection: Connection, org: DemoOrg
) -> None:
    other = Connection.objects.create(
        company=make_company("Bolt"),
        login_url="https://bolt.my.salesforce.com",
        org_id="00Dx0000000BV7zEAG",
    )
    store_app_keys(other, AppKeys("key", "secret"))
    asked = Client().get(BEGIN)
    assert asked.status_code == 200
    assert b"bolt" not in asked.content
    assert "Check it" in refusal(Client().get(f"{BEGIN}?domain=nobody.my.salesforce.com"))
    host = org.url.partition("://")[2]
    assert Client().get(f"{BEGIN}?domain={host}")["Location"].startswith(org.url)
