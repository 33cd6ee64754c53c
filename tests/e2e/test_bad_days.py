"""Salesforce breaks while somebody looks: the page says why, and mending loses nothing."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo

from .browsing import Visit
from .conftest import Visitor
from .org import allow, broken, log_in_at_salesforce
from .site import (
    PEOPLE,
    counted,
    expect_done,
    mappings,
    open_people,
    people_to_create,
    press_import,
    tick,
)

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

FAILED = "The list could not be refreshed."
#: Until mended, and what the page then says. A hang ends by a time limit of five minutes: that is
#: tested below the pages, with a shorter one.
FAULTS = [
    pytest.param("request_limit", "allowance of Salesforce API requests", id="limit"),
    pytest.param("half_page", "Salesforce", id="half an answer"),
    pytest.param("no_api", "API Enabled", id="permission"),
    pytest.param("unavailable", "Salesforce is not available just now", id="503"),
    pytest.param("html_page", "Salesforce", id="HTML"),
    pytest.param("reset", "Salesforce", id="reset"),
]


@pytest.fixture
def people(admin: Visit) -> Page:
    """The list of Salesforce users, on which one person was imported."""
    page = admin.page
    if not mappings(page):
        tick(page, people_to_create(page, 1))
        press_import(page, 1)
        expect_done(page, "Imported 1 user")
    open_people(page)
    return page


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_failed_refresh_says_why_and_the_next_one_mends_it(
    people: Page, demo: Demo, fault: str, words: str
) -> None:
    before = counted(people, PEOPLE)
    with broken(demo, fault):
        refresh(people)
        news = people.get_by_role("status")
        expect(news).to_contain_text(FAILED, timeout=300_000)
        expect(news).to_contain_text(words)
        expect(news).not_to_contain_text("Traceback")
    refresh(people)
    expect(people.get_by_text(FAILED)).not_to_be_visible()
    expect(people.get_by_role("button", name="Refresh")).to_be_enabled()
    assert counted(people, PEOPLE) == before
    assert mappings(people) == 1


def test_a_much_shorter_list_waits_for_a_person(people: Page, demo: Demo) -> None:
    before = counted(people, PEOPLE)
    with broken(demo, "shrunk_directory"):
        refresh(people)
        expect(people.get_by_text("The list was not refreshed: this needs you.")).to_be_visible()
        expect(people.get_by_role("button", name="Accept the shorter list")).to_be_visible()
        assert counted(people, PEOPLE) == before
    refresh(people)
    expect(people.get_by_text("this needs you")).not_to_be_visible()
    assert counted(people, PEOPLE) == before


def test_a_missing_permission_is_named_with_what_it_breaks(people: Page, demo: Demo) -> None:
    open_connection(people)
    with broken(demo, "no_view_all", value="Opportunity"):
        check_again(people)
        missing = people.locator(".findings:not(.in-place)")
        expect(missing).to_contain_text("View All Records")
        expect(missing).to_contain_text("other people")
    check_again(people)
    expect(people.get_by_text(re.compile(r"All \d+ permissions are in place"))).to_be_visible()


def test_after_a_revoked_grant_a_log_in_brings_everything_back(
    people: Page, demo: Demo, visitor: Visitor
) -> None:
    with broken(demo, "revoke_grant"):
        # The poll and the stream find out by themselves.
        look_until_it_says(people, PEOPLE, "Log in to Salesforce again")
    open_connection(people)
    expect(people.locator(".page-head .chip")).to_have_text("Reconnect required")
    people.get_by_role("button", name="Log in to Salesforce").click()
    people.get_by_role("link", name="Go to Salesforce").click()
    integration = demo.ready["salesforce_logins"][0]
    log_in_at_salesforce(people, integration["username"], integration["password"])
    allow(people)
    people.get_by_role("button", name="Connect as").click()
    expect(people.locator(".page-head .chip")).to_have_text("Connected")
    open_people(people)
    refresh(people)
    expect(people.get_by_text(FAILED)).not_to_be_visible()
    assert mappings(people) == 1


def test_a_fault_is_switched_on_and_mended_on_the_page_for_it(visitor: Visitor, demo: Demo) -> None:
    page = visitor().page
    page.goto(f"{demo.ready['salesforce']}/break-it")
    fault = page.locator("#small_pages")
    fault.get_by_role("button", name="Break it").click()
    expect(page.locator("#small_pages")).to_contain_text("on")
    expect(page.get_by_text("This is not Salesforce.")).to_be_visible()
    page.get_by_role("button", name="Mend everything").click()
    expect(page.get_by_role("button", name="Mend everything")).to_be_disabled()


def look_until_it_says(page: Page, address: str, words: str) -> None:
    """What other processes find out does not come to an open page by itself."""
    deadline = time.monotonic() + 120
    while not page.get_by_text(words).is_visible():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(500)
        page.goto(address)


def refresh(page: Page) -> None:
    """Press Refresh, and wait until the work has ended; the page reloads itself."""
    page.goto(PEOPLE)
    with page.expect_navigation():
        page.get_by_role("button", name="Refresh").click()
    expect(page.locator("[data-poll]")).to_have_count(0, timeout=300_000)


def open_connection(page: Page) -> None:
    page.goto("/admin/integrations/connection/")
    page.locator("#result_list tbody a").first.click()


def check_again(page: Page) -> None:
    check = page.locator(".step").filter(has=page.get_by_role("heading", name="Check"))
    if not check.get_by_role("button").is_visible():
        check.locator("summary").click()
    with page.expect_navigation():
        check.get_by_role("button", name="Check again").click()
    # Attached is all: with every permission in place the page folds this step away.
    expect(page.locator("[data-state=checked]")).to_be_attached()
