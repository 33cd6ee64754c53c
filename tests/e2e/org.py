"""What people do in the org: log in, allow access, and break things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from playwright.sync_api import Page, expect

from tests.demo import Demo


def log_in_at_salesforce(page: Page, username: str, password: str) -> None:
    """On the org's log-in page."""
    expect(page.get_by_role("heading", name="Log in to")).to_be_visible()
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def allow(page: Page) -> None:
    """On the page that asks whether the app may come in."""
    expect(page.get_by_role("heading", name="Allow access?")).to_be_visible()
    page.get_by_role("button", name="Allow").click()


@contextmanager
def broken(demo: Demo, fault: str, **how: str | int) -> Iterator[None]:
    """Break one thing, and mend it in the end."""
    _switch(demo, fault=fault, **how)
    try:
        yield
    finally:
        _switch(demo, mend="everything")


def _switch(demo: Demo, **body: str | int) -> None:
    address = f"{demo.ready['salesforce']}/break-it/api"
    requests.post(address, json=body, timeout=60).raise_for_status()
