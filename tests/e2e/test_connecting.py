"""A second company, from its invitation to its first import, through all four steps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo

from .conftest import Visitor
from .org import allow, log_in_at_salesforce
from .site import (
    accounts,
    expect_done,
    mappings,
    open_people,
    people_to_create,
    press_import,
    tick,
)

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]
PASSWORD = "a-long-one-of-their-own"


def test_a_second_company_from_its_invitation_to_its_first_import(
    visitor: Visitor, demo: Demo
) -> None:
    page = visitor().page
    accept_invitation(page, invitation(demo))
    page.goto("/admin/")
    page.get_by_role("button", name="Connect Salesforce").click()
    callback = page.get_by_label("Callback URL")
    expect(callback).to_have_value(f"{demo.ready['web']}/salesforce/callback/")
    paste_key_and_secret(page, demo)

    connect_as_the_integration_user(page, demo)
    expect(page.get_by_text(re.compile(r"All \d+ permissions are in place"))).to_be_visible()
    expect(page.locator(".page-head .chip")).to_have_text("Connected")

    read_the_list(page)
    assert (mappings(page), accounts(page)) == (0, 1)
    tick(page, people_to_create(page, 2))
    press_import(page, 2)
    expect_done(page, "Imported 2 users")
    assert (mappings(page), accounts(page)) == (2, 3)


def connect_as_the_integration_user(page: Page, demo: Demo) -> None:
    """First as a person, of which the page warns; then as the user that is meant for it."""
    integration = demo.ready["salesforce_logins"][0]
    person = demo.ready["salesforce_logins"][1]
    go_to_salesforce(page)
    log_in_at_salesforce(page, person["username"], person["password"])
    allow(page)
    expect(page.get_by_text("This looks like a person\u2019s own user.")).to_be_visible()
    page.get_by_role("button", name="Use another user").click()
    page.get_by_role("link", name="Go to Salesforce").click()
    log_in_at_salesforce(page, integration["username"], integration["password"])
    expect(page.get_by_role("heading", name="Connect as Scoreline Integration?")).to_be_visible()
    expect(page.get_by_text("This looks like a person\u2019s own user.")).not_to_be_visible()
    page.get_by_role("button", name="Connect as").click()


def invitation(demo: Demo) -> str:
    """The link that the command for a new company prints."""
    printed = demo.manage(
        *("create_company", "--name=Northwind", "--time-zone=Europe/Oslo", "--currency=NOK"),
        *("--admin=kari@northwind.example", "--admin-name=Kari Nord"),
    )
    link = re.search(r"http\S+/invitation/\S+", printed)
    assert link, printed
    return link[0]


def accept_invitation(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_text("For kari@northwind.example at Northwind.")).to_be_visible()
    page.get_by_label("New password:", exact=True).fill(PASSWORD)
    page.get_by_label("New password confirmation").fill(PASSWORD)
    page.get_by_role("button", name="Set password and log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def paste_key_and_secret(page: Page, demo: Demo) -> None:
    """Copy them from the page of the org's app."""
    org = page.context.new_page()
    org.goto(demo.ready["salesforce"])
    shown = org.locator("#app dt")
    values = dict(
        zip(shown.all_inner_texts(), org.locator("#app dd").all_inner_texts(), strict=True)
    )
    org.close()
    page.get_by_label("My Domain").fill(values["Log-in address"])
    page.get_by_label("Consumer key", exact=True).fill(values["Consumer key"])
    page.get_by_label("Consumer secret", exact=True).fill(values["Consumer secret"])
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Now log in to Salesforce.")).to_be_visible()


def go_to_salesforce(page: Page) -> None:
    page.get_by_role("button", name="Log in to Salesforce").click()
    page.get_by_role("link", name="Go to Salesforce").click()


def read_the_list(page: Page) -> None:
    open_people(page)
    page.get_by_role("button", name="Read the list from Salesforce").click()
    expect(page.locator("input.action-select").first).to_be_attached()
