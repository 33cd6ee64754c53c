"""Opening the tab: who gets which page, and what never comes along."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.usage import accounts_in_use
from integrations.credentials import store_app_keys
from integrations.demo_org.org import CONSUMER_KEY, DemoOrg
from integrations.embedding.frames import frame_origins
from integrations.models import Connection, ConnectionCredential, DirectoryUser, TabVisitor
from integrations.salesforce.tokens import AppKeys
from tests.accounts.conftest import make_company

from .conftest import signed_request


def opened(connection: Connection, text: str, **extra: Any) -> Any:
    return Client().post(f"/embed/{connection.key}/", {"signed_request": text}, **extra)


def bearer_in(response: Any) -> str:
    found = re.search(r'data-bearer="([^"]+)"', response.content.decode())
    assert found
    return found[1]


def heading(response: Any) -> str:
    found = re.search(r"<h1[^>]*>([^<]*)", response.content.decode())
    assert found, response.content
    return found[1]


def test_the_feed_comes_back_in_the_very_response(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    response = opened(connection, signed_request(org, salesforce_user))
    assert response.status_code == 200
    assert heading(response) == "Company feed"
    assert bearer_in(response)


def test_only_the_connections_own_pages_may_frame_it(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    connection.login_url = "https://acme--dev.sandbox.my.salesforce.com"
    connection.save()
    for response in (
        opened(connection, "rubbish"),
        Client().get(f"/embed/{connection.key}/"),
        Client().put(f"/embed/{connection.key}/"),
    ):
        policy = response.headers["Content-Security-Policy"]
        ancestors = re.search(r"frame-ancestors ([^;]*)", policy)
        assert ancestors
        assert ancestors[1].split() == [
            "https://acme--dev.sandbox.my.salesforce.com",
            "https://acme--dev.sandbox.lightning.force.com",
            "https://acme--dev--c.sandbox.vf.force.com",
            *(org.url.replace("127.0.0.1", host) for host in ("127.0.0.1", "localhost")),
        ]
        assert "X-Frame-Options" not in response.headers


@pytest.mark.parametrize(
    ("address", "pages"),
    [
        (
            "https://acme.my.salesforce.mil",
            [
                "https://acme.lightning.crmforce.mil",
                "https://acme.lightning.force.mil",
                "https://acme--c.vf.crmforce.mil",
                "https://acme--c.vf.force.mil",
            ],
        ),
        (
            "https://acme.my.sfcrmproducts.cn",
            ["https://acme.lightning.sfcrmapps.cn", "https://acme--c.vf.sfcrmapps.cn"],
        ),
        ("https://login.salesforce.com", []),
    ],
)
def test_each_cloud_has_its_own_pages(address: str, pages: list[str]) -> None:
    own = [address] if pages else []
    assert frame_origins(Connection(login_url=address)) == [*own, *pages]


def test_an_unknown_key_is_404_and_nobody_may_frame_it(db: None) -> None:
    for key in ("unknown", "%00"):
        response = Client().post(f"/embed/{key}/", {"signed_request": "x"})
        assert response.status_code == 404
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


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


FORGED: dict[str, Callable[[DemoOrg, str], str]] = {
    "forged": lambda org, user: signed_request(org, user, "another secret"),
    "truncated": lambda org, user: signed_request(org, user)[:-9],
    "oversized": lambda org, user: signed_request(org, user, padding="x" * 70_000),
    "huge": lambda org, user: "x" * 300_000,
    "wrong algorithm": lambda org, user: signed_request(org, user, algorithm="none"),
    "missing": lambda org, user: "",
}


@pytest.mark.parametrize("kind", FORGED)
def test_bad_requests_get_one_and_the_same_clear_answer(
    kind: str, connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    response = opened(connection, FORGED[kind](org, salesforce_user))
    assert response.status_code == 403
    assert heading(response) == "This tab could not be opened"
    assert "Traceback" not in response.content.decode()
    assert not TabVisitor.objects.exists()


def test_another_org_is_refused(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    connection.org_id = "00Dx0000000BV7zEAG"
    connection.save()
    assert opened(connection, signed_request(org, salesforce_user)).status_code == 403


def test_whoever_knows_the_secret_still_needs_the_users_own_token(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    """A company admin knows the consumer secret, and must not become a colleague by it."""
    own = org.authority.session(org.integration_user_id)
    client = {"oauthToken": own, "targetOrigin": org.url}
    assert (
        opened(connection, signed_request(org, salesforce_user, client=client)).status_code == 403
    )


def test_a_replay_after_the_token_was_revoked_is_refused(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    text = signed_request(org, salesforce_user)
    assert opened(connection, text).status_code == 200
    org.authority.expire()
    assert opened(connection, text).status_code == 200  # the same text may be posted again …
    cache.clear()  # … for ten minutes
    assert opened(connection, text).status_code == 403


def test_salesforce_out_of_reach_says_so(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    Connection.objects.update(instance_url="http://127.0.0.1:9")
    response = opened(connection, signed_request(org, salesforce_user))
    assert response.status_code == 503
    assert heading(response) == "Salesforce does not answer"


def test_the_secret_of_before_counts_for_a_day(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    store_app_keys(connection, AppKeys(CONSUMER_KEY, "a new secret"))
    assert opened(connection, signed_request(org, salesforce_user)).status_code == 200
    ConnectionCredential.objects.update(previous_secret_until=timezone.now() - timedelta(minutes=1))
    assert opened(connection, signed_request(org, salesforce_user)).status_code == 403


def test_opening_the_tab_is_logging_in_written_once_an_hour(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    text = signed_request(org, salesforce_user)
    times: list[datetime | None] = []
    for _ in range(2):
        opened(connection, text)
        ann.refresh_from_db()
        times.append(ann.last_login)
    assert times[0] is not None
    assert times[1] == times[0]
    assert accounts_in_use([ann.pk]) == {ann.pk: "has logged in"}
    User.objects.update(last_login=timezone.now() - timedelta(hours=2))
    Client().post(f"/embed/{connection.key}/bearer/", {"signed_request": text})
    ann.refresh_from_db()
    assert ann.last_login
    assert ann.last_login >= times[0]


@pytest.mark.parametrize(
    ("state", "words"),
    [("pending", "Your account isn't active yet"), ("deactivated", "Your account is deactivated")],
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


def test_asking_lands_once_however_often_it_is_pressed(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    response = opened(connection, signed_request(org, salesforce_user))
    assert "You have no account here." in response.content.decode()
    ticket = re.search(r'name="ticket" value="([^"]+)"', response.content.decode())
    assert ticket
    for _ in range(3):
        answer = Client().post(f"/embed/{connection.key}/ask/", {"ticket": ticket[1]})
        assert heading(answer) == "You asked to be added"
    assert TabVisitor.objects.filter(asked_at__isnull=False).count() == 1
    assert AuditEntry.objects.filter(action="tab.asked").count() == 1
    again = opened(connection, signed_request(org, salesforce_user))
    assert heading(again) == "You asked to be added"


def test_who_was_declined_reads_the_reason(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    opened(connection, signed_request(org, salesforce_user))
    now = timezone.now()
    TabVisitor.objects.update(asked_at=now)
    DirectoryUser.objects.create(
        company=connection.company,
        connection=connection,
        salesforce_id=salesforce_user,
        name="Stan",
        is_active=True,
        system_modstamp=now,
        refreshed_at=now,
        ignored_at=now,
        ignored_reason="You left sales.",
    )
    response = opened(connection, signed_request(org, salesforce_user))
    assert heading(response) == "Declined"
    assert "You left sales." in response.content.decode()


def test_a_ticket_of_another_connection_asks_nothing(
    connection: Connection, org: DemoOrg, salesforce_user: str
) -> None:
    response = opened(connection, signed_request(org, salesforce_user))
    ticket = re.search(r'name="ticket" value="([^"]+)"', response.content.decode())
    assert ticket
    other = Connection.objects.create(company=make_company("Bolt"), name="Other")
    for key, text in ((other.key, ticket[1]), (connection.key, "forged")):
        answer = Client().post(f"/embed/{key}/ask/", {"ticket": text})
        assert answer.status_code == 403
    assert not TabVisitor.objects.filter(asked_at__isnull=False).exists()
