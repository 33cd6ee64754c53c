"""No secret is shown, logged or kept in the clear, and no page lets foreign script in."""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from integrations.connecting import attempts
from integrations.connecting.check import check
from integrations.credentials import CredentialStore, client_for
from integrations.demo_org.org import DemoOrg
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.tokens import Tokens

from .browser import log_in_at_salesforce
from .conftest import KEYS, page_of


def everything_stored() -> str:
    """All rows of all tables, as a backup has them."""
    with database.cursor() as cursor:
        rows = []
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT kept::text FROM "{table}" AS kept')
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


@dataclass
class Traces:
    """What a log-in and its troubles leave behind, and the secrets that came along."""

    secrets: set[str]
    shown: str
    stored: str
    tasks: str


def traces_of_a_log_in(
    browser: Client, connection: Connection, org: DemoOrg, back: str, pages: list[Any]
) -> Traces:
    """From coming back to an access that was withdrawn; each token is a new one."""
    secrets = {KEYS.consumer_secret}

    def seen(tokens: Tokens) -> None:
        secrets.update({tokens.access_token, tokens.refresh_token})

    pages.append(browser.get(back))
    attempt = AuthorizationAttempt.objects.get()
    seen(attempts.tokens_of(attempt))
    stored = everything_stored()
    question = page_of(connection, "connect_as", attempt.pk)
    pages += [browser.get(question), browser.post(question, {"connect": "1"})]
    org.authority.expire()
    check(connection.pk)
    seen(CredentialStore(connection).load())
    org.faults.break_it("server_error", where="all", times=1)
    check(connection.pk)
    org.faults.break_it("revoke_grant")
    check(connection.pk)
    pages += [browser.get(back), browser.get(page_of(connection))]
    shown = "".join(page.content.decode() + str(page.headers) for page in pages)
    tasks = json.dumps([str(task.task) for task in OrmQ.objects.all()])
    return Traces(secrets, shown, stored + everything_stored(), tasks)


def test_no_secret_is_in_a_page_a_log_an_error_a_table_or_a_task(
    browser: Client,
    connection: Connection,
    org: DemoOrg,
    integration_username: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    org.authority.rotation = True
    link = browser.post(page_of(connection, "log_in"))
    url = re.search(r'class="btn primary" href="([^"]+)"', link.content.decode())
    assert url
    back = log_in_at_salesforce(url[1].replace("&amp;", "&"), integration_username)
    query = dict(parse_qsl(urlsplit(back).query))
    with caplog.at_level(logging.DEBUG):
        traces = traces_of_a_log_in(browser, connection, org, back, [link])
    assert len(traces.secrets) == 5
    for place in (caplog.text, traces.tasks, traces.stored):
        for secret in {*traces.secrets, query["code"], query["state"]}:
            assert secret not in place
    assert not [one for one in {*traces.secrets, query["code"]} if one in traces.shown]
    assert "connection.reconnect_required" in traces.stored, "the test would see nothing otherwise"
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
