"""The pages of a log-in, as an admin walks through them."""

import re
from html import unescape

from django.http import HttpResponse, HttpResponseBase
from django.test import Client

from integrations.models import AuthorizationAttempt, Connection

from .browser import log_in_at_salesforce
from .conftest import page_of


def go_to_salesforce(browser: Client, connection: Connection, **form: str) -> str:
    """Press “Log in to Salesforce”; return where the link leads."""
    page = browser.post(page_of(connection, "log_in"), form)
    assert page.status_code == 200
    link = re.search(r'class="btn primary" href="([^"]+)"', page.content.decode())
    assert link
    return unescape(link[1])


def came_back(browser: Client, connection: Connection, username: str) -> AuthorizationAttempt:
    answer = log_in_at_salesforce(go_to_salesforce(browser, connection), username)
    assert browser.get(answer).status_code == 302
    return AuthorizationAttempt.objects.exclude(sealed_access_token="").get()


def refusal(response: HttpResponseBase) -> str:
    """What the page says that refuses a log-in; empty where it is another page."""
    assert isinstance(response, HttpResponse)
    text = unescape(response.content.decode())
    return text if response.status_code == 400 and "Not connected" in text else ""
