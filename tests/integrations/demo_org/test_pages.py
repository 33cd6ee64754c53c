"""The pages that people see."""

import socket
import time

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.org import PASSWORD
from integrations.demo_org.server import run_in_thread
from tests.waiting import wait_until

from .client import PATIENCE, Client

REQUEST = b"GET /services/data/v66.0/limits HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("path", ["/", "/login", "/break-it", "/services/oauth2/authorize"])
def test_every_page_says_that_it_is_not_salesforce(client: Client, path: str) -> None:
    page = requests.get(client.url + path, timeout=PATIENCE)
    assert "This is not Salesforce." in page.text
    assert "not Salesforce" in page.headers["Server"]


@pytest.mark.parametrize("path", ["/", "/login", "/break-it"])
def test_pages_run_no_script_and_can_not_be_framed(client: Client, path: str) -> None:
    page = requests.get(client.url + path, timeout=PATIENCE)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_home_page_lists_everybody_and_the_app(client: Client, org: DemoOrg) -> None:
    page = requests.get(client.url, timeout=PATIENCE).text
    assert all(row["Username"] in page for row in org.users)
    assert org.app.consumer_key in page
    assert org.cast["returner"].why in page


def test_markup_in_a_name_stays_text(client: Client, org: DemoOrg) -> None:
    org.update("User", org.integration_user_id, LastName="<script>alert(1)</script>")
    page = requests.get(client.url, timeout=PATIENCE).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_callback_can_be_added_by_hand(client: Client, org: DemoOrg) -> None:
    for url in ("https://new.example/callback", "javascript:alert(1)"):
        requests.post(f"{client.url}/callbacks", data={"url": url}, timeout=PATIENCE)
    assert "https://new.example/callback" in org.app.callback_urls
    assert "javascript:alert(1)" not in org.app.callback_urls


def test_a_browsers_log_in_ends_with_log_out_and_with_the_account(
    client: Client, org: DemoOrg
) -> None:
    user = org.user("integration@maventech.example")
    browser = requests.Session()
    form = {"username": user["Username"], "password": PASSWORD}
    page = browser.post(f"{client.url}/login", data=form, timeout=PATIENCE)
    assert "Logged in as Scoreline Integration" in page.text
    org.update("User", user["Id"], IsActive=False)
    assert "Logged in as" not in browser.get(client.url, timeout=PATIENCE).text
    org.update("User", user["Id"], IsActive=True)
    assert "Logged in as" in browser.get(client.url, timeout=PATIENCE).text
    page = browser.post(f"{client.url}/logout", timeout=PATIENCE)
    assert "Logged in as" not in page.text


def test_an_org_stops_soon_though_an_answer_hangs() -> None:
    org = DemoOrg.empty()
    org.faults.break_it("hang")
    with socket.socket() as waiting:
        with run_in_thread(org) as running:
            waiting.connect(("127.0.0.1", int(running.url.rpartition(":")[2])))
            waiting.sendall(REQUEST)
            wait_until(lambda: org.faults.broken[0].hits, "the request hangs", PATIENCE)
            started = time.monotonic()
        assert time.monotonic() - started < 2


def test_who_logs_in_first_comes_to_the_view_that_was_asked_for(client: Client) -> None:
    browser = requests.Session()
    asked = f"{client.url}/lightning/Opportunity?view=open"
    page = browser.get(asked, timeout=PATIENCE)
    going_to = "/lightning/Opportunity?view=open"
    assert going_to in page.text
    form = {
        "username": "integration@maventech.example",
        "password": PASSWORD,
        "going_to": going_to,
    }
    page = browser.post(f"{client.url}/login", data=form, timeout=PATIENCE)
    assert '<a href="?view=open" aria-current="true">' in page.text
