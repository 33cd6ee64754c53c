import json
import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts.models import AuditEntry, Company, User
from integrations.connecting import attempts, logging_in
from integrations.connecting.check import check
from integrations.credentials import CredentialStore, app_keys, client_for
from integrations.demo_org.org import DemoOrg
from integrations.models import AuthorizationAttempt, Connection, ConnectionCredential
from integrations.salesforce.tokens import Tokens

from .browser import log_in_at_salesforce
from .conftest import KEYS, page_of

CANARY_SECRET = "CANARY0consumer0secret"


def post_keys(browser: Client, connection: Connection, **form: str) -> Any:
    values = {"login_url": "https://acme.my.salesforce.com", **form}
    return browser.post(page_of(connection, "keys"), values)


@pytest.fixture
def new(company: Company) -> Connection:
    return Connection.objects.create(company=company)


# --- paste key and secret


def test_key_and_secret_are_kept_and_never_shown(browser: Client, new: Connection) -> None:
    post_keys(browser, new, consumer_key="CANARY-key", consumer_secret=CANARY_SECRET)
    keys = app_keys(new)
    assert keys is not None
    assert (keys.consumer_key, keys.consumer_secret) == ("CANARY-key", CANARY_SECRET)
    page = browser.get(page_of(new)).content.decode()
    assert "•••• set on" in page
    assert "CANARY" not in page


def test_empty_fields_keep_what_was_pasted_before(browser: Client, new: Connection) -> None:
    post_keys(browser, new, consumer_key="key", consumer_secret=CANARY_SECRET)
    response = post_keys(browser, new, login_url="https://other.my.salesforce.com")
    assert response.status_code == 302
    new.refresh_from_db()
    assert new.login_url == "https://other.my.salesforce.com"
    keys = app_keys(new)
    assert keys is not None
    assert keys.consumer_secret == CANARY_SECRET


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Paste the consumer key"),
        ({"consumer_key": "key"}, "belong together"),
        ({"consumer_secret": CANARY_SECRET}, "belong together"),
    ],
)
def test_key_and_secret_belong_together(
    browser: Client, new: Connection, form: dict[str, str], words: str
) -> None:
    response = post_keys(browser, new, **form)
    page = response.content.decode()
    assert words in page
    assert "CANARY" not in page
    assert not ConnectionCredential.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://salesforce.com.evil.com",
        "https://evil.com/.salesforce.com",
        "https://x@evil.com",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "http://127.0.0.1:8400",
        "javascript:alert(1)",
        "acme.lightning.force.com",
        "",
    ],
)
def test_an_address_outside_salesforce_is_refused(
    browser: Client, new: Connection, url: str
) -> None:
    page = post_keys(browser, new, login_url=url, consumer_key="k", consumer_secret="s")
    assert page.status_code == 200
    assert 'class="problem"' in page.content.decode()
    new.refresh_from_db()
    assert new.login_url == ""
    assert not ConnectionCredential.objects.exists()


def test_my_domain_may_be_pasted_without_https(browser: Client, new: Connection) -> None:
    post_keys(
        browser, new, login_url="Acme.my.salesforce.com", consumer_key="k", consumer_secret="s"
    )
    new.refresh_from_db()
    assert new.login_url == "https://acme.my.salesforce.com"


def test_without_a_key_there_is_no_log_in(browser: Client, new: Connection) -> None:
    answer = browser.post(page_of(new, "log_in"), follow=True).content.decode()
    assert "key and secret of your external client app are missing" in answer
    assert not AuthorizationAttempt.objects.exists()


# --- the page


def test_the_page_has_what_must_be_copied(browser: Client, new: Connection) -> None:
    page = browser.get(page_of(new)).content.decode()
    for value in (
        "http://testserver/salesforce/callback/",
        "api refresh_token id",
        "Salesforce Integration",
        "View All Records",
        "Proof Key for Code Exchange",
    ):
        assert value in page


def test_a_check_under_way_is_followed_and_a_silent_worker_is_said(
    browser: Client, connected: Connection
) -> None:
    page = browser.get(page_of(connected)).content.decode()
    assert 'data-state="checking"' in page
    assert "progress.js" in page
    long_ago = timezone.now() - timedelta(minutes=2)
    Connection.objects.update(check_requested_at=long_ago)
    page = browser.get(page_of(connected)).content.decode()
    assert "No worker has taken this up" in page
    assert "Check now" in page


@pytest.mark.parametrize("state", Connection.State)
def test_the_page_that_follows_a_check_always_finds_its_state(
    browser: Client, connected: Connection, state: str
) -> None:
    Connection.objects.update(state=state)
    assert browser.get(page_of(connected)).content.decode().count("data-state=") == 1


def test_the_page_says_what_the_check_found(
    browser: Client, connected: Connection, org: DemoOrg
) -> None:
    org.faults.break_it("no_view_all")
    check(connected.pk)
    page = browser.get(page_of(connected)).content.decode()
    assert 'data-state="checked"' in page
    assert "This user sees only opportunities shared with it" in page
    org.faults.mend_everything()
    check(connected.pk)
    assert re.search(
        r"All \d+ permissions are in place", browser.get(page_of(connected)).content.decode()
    )


def test_the_check_button_asks_the_worker(browser: Client, connected: Connection) -> None:
    check(connected.pk)
    OrmQ.objects.all().delete()
    assert browser.get(page_of(connected, "check")).status_code == 405
    browser.post(page_of(connected, "check"))
    assert OrmQ.objects.count() == 1


def test_settings_are_saved_and_audited(browser: Client, new: Connection) -> None:
    browser.post(page_of(new, "settings"), {"name": "Nordics", "email_policy": "never"})
    new.refresh_from_db()
    assert (new.name, new.email_policy) == ("Nordics", "never")
    entry = AuditEntry.objects.get(action="changed")
    assert entry.after == {"name": "Nordics", "email_policy": "never"}


def test_only_a_connection_that_never_was_can_be_deleted(
    browser: Client, connected: Connection
) -> None:
    never = Connection.objects.create(company=connected.company, name="Never")
    assert browser.post(page_of(connected, "delete"), {"post": "yes"}).status_code == 403
    assert browser.post(page_of(never, "delete"), {"post": "yes"}).status_code == 302
    assert list(Connection.objects.all()) == [connected]


def test_support_staff_adds_a_connection_for_a_company(client: Client, company: Company) -> None:
    support = User.objects.create_superuser(email="s@support.example", name="S")
    client.force_login(support)
    form = {"company": company.pk, "name": "Second"}
    response = client.post(reverse("admin:integrations_connection_add"), form)
    made = Connection.objects.get()
    assert made.company == company
    assert response["Location"] == page_of(made)


# --- who may


PAGES = ["change", "keys", "settings", "log_in", "check", "terminate", "delete", "history"]


@pytest.mark.parametrize("name", PAGES)
def test_another_companys_connection_is_not_there(
    client: Client, connected: Connection, stranger: User, org: DemoOrg, name: str
) -> None:
    client.force_login(stranger)
    for response in (client.get(page_of(connected, name)), client.post(page_of(connected, name))):
        assert response.status_code in (
            (404, 405) if response.request["REQUEST_METHOD"] == "GET" else (404,)
        )
    connected.refresh_from_db()
    assert connected.state == Connection.State.CONNECTED


def test_another_companys_log_in_is_not_there(
    client: Client, connection: Connection, stranger: User, admin: User
) -> None:
    logging_in.begin(connection, admin)
    attempt = AuthorizationAttempt.objects.get()
    assert stranger.company is not None
    theirs = Connection.objects.create(company=stranger.company)
    client.force_login(stranger)
    assert client.get(page_of(connection, "connect_as", attempt.pk)).status_code == 404
    client.post(page_of(theirs, "connect_as", attempt.pk), {"connect": "1"})
    assert AuthorizationAttempt.objects.filter(pk=attempt.pk).exists()
    theirs.refresh_from_db()
    assert theirs.state == Connection.State.NOT_CONNECTED


# --- what nobody may see


def everything_stored() -> str:
    """All rows of all tables, as a backup has them."""
    with database.cursor() as cursor:
        rows = []
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT kept::text FROM "{table}" AS kept')
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


def test_no_secret_is_in_a_page_a_log_an_error_a_table_or_a_task(
    browser: Client,
    connection: Connection,
    org: DemoOrg,
    integration_username: str,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
) -> None:
    caplog.set_level(logging.DEBUG)
    org.authority.rotation = True
    secrets, pages = {KEYS.consumer_secret}, []

    def seen(tokens: Tokens) -> None:
        secrets.update({tokens.access_token, tokens.refresh_token})

    link = browser.post(page_of(connection, "log_in"))
    pages.append(link)
    url = re.search(r'class="btn primary" href="([^"]+)"', link.content.decode())
    assert url
    answer = log_in_at_salesforce(url[1].replace("&amp;", "&"), integration_username)
    came_back = dict(parse_qsl(urlsplit(answer).query))
    caplog.clear()
    pages.append(browser.get(answer))
    attempt = AuthorizationAttempt.objects.get()
    seen(attempts.tokens_of(attempt))
    stored = everything_stored()
    pages.append(browser.get(page_of(connection, "connect_as", attempt.pk)))
    pages.append(browser.post(page_of(connection, "connect_as", attempt.pk), {"connect": "1"}))
    org.authority.expire()
    check(connection.pk)
    seen(CredentialStore(connection).load())
    org.faults.break_it("server_error", where="all", times=1)
    check(connection.pk)
    org.faults.break_it("revoke_grant")
    check(connection.pk)
    pages.extend([browser.get(answer), browser.get(page_of(connection))])
    stored += everything_stored()
    tasks = json.dumps([str(task.task) for task in OrmQ.objects.all()])

    shown = "".join(page.content.decode() + str(page.headers) for page in pages)
    assert len(secrets) == 5
    for place in (caplog.text, tasks, stored):
        for secret in {*secrets, came_back["code"], came_back["state"]}:
            assert secret not in place
    assert not [secret for secret in {*secrets, came_back["code"]} if secret in shown]
    assert "connection.reconnect_required" in stored, "the test would see nothing otherwise"
    assert "urllib3" in caplog.text, "the test would see nothing otherwise"


@pytest.mark.parametrize("name", ["change", "terminate", "history", "changelist", "add", "refused"])
def test_every_page_forbids_what_is_not_ours(
    browser: Client, connected: Connection, name: str
) -> None:
    urls = {
        "changelist": reverse("admin:integrations_connection_changelist"),
        "add": reverse("admin:integrations_connection_add"),
        "refused": reverse("salesforce_callback"),
    }
    response = browser.get(urls.get(name) or page_of(connected, name))
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    text = response.content.decode()
    assert not re.search(r"<script(?![^>]* src=)[^>]*>\s*\S|\son\w+=|style=", text)


def test_a_client_does_not_show_its_tokens(connected: Connection) -> None:
    with client_for(connected) as client:
        client.organization()
        assert CredentialStore(connected).load().access_token not in repr(vars(client))
