"""Pasting the key and secret of the external client app, and the org's address."""

from typing import Any

import pytest
from django.test import Client

from integrations.credentials import app_keys
from integrations.models import AuthorizationAttempt, Connection, ConnectionCredential

from .conftest import page_of

CANARY_SECRET = "CANARY0consumer0secret"


def post_keys(browser: Client, connection: Connection, **form: str) -> Any:
    values = {"login_url": "https://acme.my.salesforce.com", **form}
    return browser.post(page_of(connection, "keys"), values)


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
