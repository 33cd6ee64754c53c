"""Opening the tab: who gets which page, and what never comes along."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.usage import accounts_in_use
from integrations import connection_states
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection

from .conftest import signed_request
from .opening import bearer_in, heading, opened


def test_the_feed_comes_back_in_the_very_response(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    response = opened(connection, signed_request(org, salesforce_user))
    assert response.status_code == 200
    assert heading(response) == "Company feed"
    assert bearer_in(response)


def test_no_cookie_is_set_or_read(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str, client: Client
) -> None:
    client.force_login(ann)
    response = client.post(
        f"/embed/{connection.key}/", {"signed_request": signed_request(org, salesforce_user)}
    )
    assert not response.cookies
    page = client.get(f"/embed/{connection.key}/feed/")
    assert page.status_code == 401  # the session beside it counts for nothing
    assert not page.cookies


def test_opening_the_tab_is_logging_in(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    opened(connection, signed_request(org, salesforce_user))
    ann.refresh_from_db()
    assert ann.last_login is not None
    assert accounts_in_use([ann.pk]) == {ann.pk: "has logged in"}


def test_a_log_in_is_written_once_an_hour(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    text = signed_request(org, salesforce_user)
    lately = timezone.now() - timedelta(minutes=59)
    User.objects.update(last_login=lately)
    opened(connection, text)
    ann.refresh_from_db()
    assert ann.last_login == lately
    User.objects.update(last_login=lately - timedelta(minutes=2))
    Client().post(f"/embed/{connection.key}/bearer/", {"signed_request": text})
    ann.refresh_from_db()
    assert ann.last_login is not None
    assert ann.last_login > lately


@pytest.mark.parametrize(
    ("state", "words"),
    [("pending", "Your account is not active yet"), ("deactivated", "Your account is deactivated")],
)
def test_who_is_not_active_reads_why(
    state: str,
    words: str,
    connection: Connection,
    org: DemoOrg,
    ann: User,
    salesforce_user: str,
) -> None:
    User.objects.filter(pk=ann.pk).update(state=state)
    response = opened(connection, signed_request(org, salesforce_user))
    assert heading(response) == words
    assert "data-bearer" not in response.content.decode()
    ann.refresh_from_db()
    assert ann.last_login is None


def test_a_terminated_connection_says_so(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    Connection.objects.update(state=Connection.State.TERMINATED)
    response = opened(connection, signed_request(org, salesforce_user))
    assert heading(response) == "Salesforce was disconnected"


@pytest.mark.parametrize("state", ["paused", "reconnect_required"])
def test_a_connection_at_rest_shows_the_feed_with_a_banner(
    state: str, connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    Connection.objects.update(state=state)
    response = opened(connection, signed_request(org, salesforce_user))
    assert heading(response) == "Company feed"
    assert "nothing new arrives" in response.content.decode()


def test_colleagues_read_the_reason_of_a_pause(
    connection: Connection, org: DemoOrg, ann: User, admin: User, salesforce_user: str
) -> None:
    connection_states.paused(connection, "We move to <new> servers until Friday", by=admin)
    page = opened(connection, signed_request(org, salesforce_user)).content.decode()
    assert (
        "Salesforce is paused by an admin, so nothing new arrives."
        " The reason: “We move to &lt;new&gt; servers until Friday”."
    ) in page


def test_colleagues_are_spared_the_details_of_a_broken_connection(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    connection_states.reconnect_required(connection, "invalid_grant of sync@acme.example")
    page = opened(connection, signed_request(org, salesforce_user)).content.decode()
    assert "The connection to Salesforce is broken" in page
    assert "invalid_grant" not in page


def test_salesforces_wish_for_an_approval_has_its_page(connection: Connection) -> None:
    for name in ("_sfdc_canvas_auth", "_sfdc_canvas_authvalue"):
        response = Client().get(f"/embed/{connection.key}/?{name}=user_approval_required")
        assert heading(response) == "Salesforce asks for your approval"
    assert heading(Client().get(f"/embed/{connection.key}/")) == "Open this page in Salesforce"


def test_an_e_mail_lets_nobody_in(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    ann.mappings.all().delete()
    row = org.store.get("User", salesforce_user)
    assert row
    User.objects.filter(pk=ann.pk).update(email=row["Email"])
    response = opened(connection, signed_request(org, salesforce_user))
    assert "not in Scoreline" in heading(response)


@pytest.mark.usefixtures("salesforce_user")
def test_nothing_is_promised_to_who_is_not_linked(ann: User) -> None:
    client = Client()
    client.force_login(ann)
    for path in ("/feed/side/", "/my-activity/", "/report/"):
        assert "What you do in Salesforce appears" in client.get(path).text
    ann.mappings.all().delete()
    for path in ("/feed/side/", "/my-activity/", "/report/"):
        page = client.get(path).text
        assert "Your account is not linked to a Salesforce user." in page
        assert "What you do in Salesforce appears" not in page
        assert "Ask an admin of your company." in page
    User.objects.filter(pk=ann.pk).update(role=User.Role.ADMIN)
    assert "Ask an admin of your company." not in client.get("/feed/side/").text
