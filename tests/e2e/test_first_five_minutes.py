"""The first five minutes of the demo, as it prints them: one after the other, by its own links."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.demo import Demo

from .browsing import Visit
from .org import log_in_at_salesforce
from .site import bar, expect_done, listed, mappings, press_import, tick

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

#: Seconds from the press in the org to the report in the tab: a quarter where nothing else runs.
IN_THE_TAB_WITHIN = 5.0


@pytest.fixture
def salesperson(browser: Browser, demo: Demo) -> Iterator[BrowserContext]:
    """Another window, for the org's pages."""
    context = browser.new_context(base_url=demo.ready["salesforce"], reduced_motion="reduce")
    context.set_default_timeout(60_000)
    yield context
    context.close()


def links(demo: Demo) -> dict[str, str]:
    """What the demo prints: addresses by what they are called."""
    steps: list[dict[str, Any]] = demo.ready["first_steps"]
    return {label: address for step in steps for label, address in step["links"]}


def asked(demo: Demo, soql: str) -> list[dict[str, Any]]:
    """What the org itself says."""
    answer = requests.get(
        f"{demo.ready['salesforce']}/services/data/v66.0/query",
        {"q": soql},
        headers={"Authorization": f"Bearer {demo.ready['salesforce_access_token']}"},
        timeout=30,
    )
    answer.raise_for_status()
    records: list[dict[str, Any]] = answer.json()["records"]
    return records


def test_the_first_five_minutes(admin: Visit, demo: Demo, salesperson: BrowserContext) -> None:
    page = admin.page
    page.goto("/admin/")
    for label, address in links(demo).items():
        first_steps = page.get_by_role("region", name="The first five minutes")
        link = first_steps.get_by_role("link", name=label, exact=True)
        expect(link).to_have_attribute("href", address)
    names, imported = tick_five_and_press_once(page, demo)
    their_deals_are_in_the_feed(page, demo, names)
    solve_a_conflict(page, demo)
    deal = close_and_reopen_a_deal(salesperson, demo, names)
    ask_why(page, demo, deal)
    break_it_and_mend_it(page, demo)
    page.goto(imported)
    page.get_by_role("button", name="Revert…").click()
    page.get_by_role("button", name="Revert 5 changes").click()
    expect_done(page, "Reverted 5 changes")


def tick_five_and_press_once(page: Page, demo: Demo) -> tuple[list[str], str]:
    """Their names, and the address of what became of it."""
    page.goto(links(demo)["Salesforce users"])
    names = listed(page)[:5]
    tick(page, names)
    expect(bar(page)).to_contain_text("5 people: 5 new accounts")
    press_import(page, 5)
    expect_done(page, "Imported 5 users")
    expect(page.get_by_role("button", name="Revert…")).to_be_visible()
    return names, page.url


def their_deals_are_in_the_feed(page: Page, demo: Demo, names: list[str]) -> None:
    page.goto(links(demo)["Feed"])
    reports = page.get_by_role("article")
    expect(reports.first).to_contain_text("closed a deal")
    for report in reports.all():
        assert any(name in report.inner_text() for name in names)


def solve_a_conflict(page: Page, demo: Demo) -> None:
    page.goto(links(demo)["Conflicts"])
    before = len(listed(page))
    tick(page, listed(page)[:1])
    press_import(page, 1)
    expect(page.get_by_role("heading", name="Need your decision")).to_be_visible()
    page.get_by_role("button", name="Create a new account", exact=True).click()
    page.get_by_role("button", name="Import 1 user", exact=True).click()
    expect_done(page, "Imported 1 user")
    page.goto(links(demo)["Conflicts"])
    assert len(listed(page)) < before


def close_and_reopen_a_deal(window: BrowserContext, demo: Demo, names: list[str]) -> str:
    """In the org, as one of the five; the record's id."""
    quoted = ", ".join("'" + name.replace("'", r"\'") + "'" for name in names)
    deal = asked(
        demo,
        "SELECT Id, Name, Owner.Username FROM Opportunity WHERE IsClosed = false"
        f" AND IsPrivate = false AND Owner.Name IN ({quoted}) LIMIT 1",
    )[0]
    feed = open_tab(window, demo, deal["Owner"]["Username"])
    record = window.new_page()
    record.goto(f"/lightning/Opportunity/{deal['Id']}")
    article = feed.get_by_role("article").filter(has_text=deal["Name"]).filter(has_text="just now")
    before = article.count()
    record.get_by_role("button", name="Close as won").click()
    pressed_at = time.monotonic()
    expect(article).to_have_count(before + 1)
    assert time.monotonic() - pressed_at < IN_THE_TAB_WITHIN
    record.get_by_role("button", name="Reopen").click()
    expect(article).to_have_count(before)
    feed.get_by_role("link", name="My activity", exact=True).first.click()
    expect(feed.get_by_text("taken back").first).to_be_visible()
    return str(deal["Id"])


def open_tab(window: BrowserContext, demo: Demo, username: str) -> FrameLocator:
    tab = window.new_page()
    tab.goto(links(demo)["The tab"])
    log_in_at_salesforce(tab, username, demo.ready["salesforce_logins"][0]["password"])
    tab.wait_for_url(re.compile("/lightning/n/scoreline"))
    feed = tab.frame_locator("iframe[name^=canvas-frame-]")
    expect(feed.get_by_role("heading", name="Company feed")).to_be_visible()
    return feed


def ask_why(page: Page, demo: Demo, deal: str) -> None:
    explain = next(label for label in links(demo) if label.startswith("Explain "))
    page.goto(links(demo)[explain])
    expect(page.get_by_role("heading", level=1)).to_contain_text(explain.removeprefix("Explain "))
    expect(page.get_by_role("heading", name="By each approach")).to_be_visible()
    page.goto(links(demo)["Where is my deal?"])
    expect(page.get_by_role("link", name="Closed-won deals").first).to_be_visible()
    page.get_by_label("Id, address or name").fill(deal)
    page.get_by_role("button", name="Find it").click()
    expect(page.get_by_role("link", name="taken back")).to_be_visible()


def break_it_and_mend_it(page: Page, demo: Demo) -> None:
    before = mappings(page)
    org = page.context.new_page()
    org.goto(links(demo)["Break it"])
    fault = org.locator("#unavailable")
    fault.get_by_label("How often").select_option("until mended")
    fault.get_by_role("button", name="Break it").click()
    expect(fault.get_by_role("button", name="Mend")).to_be_visible()
    refresh(page, demo)
    expect(page.get_by_role("status")).to_contain_text("Salesforce is not available just now")
    org.get_by_role("button", name="Mend everything").click()
    expect(org.get_by_role("button", name="Mend everything")).to_be_disabled()
    refresh(page, demo)
    expect(page.get_by_text("could not be refreshed")).not_to_be_visible()
    assert mappings(page) == before
    org.close()


def refresh(page: Page, demo: Demo) -> None:
    page.goto(links(demo)["Refresh here"])
    with page.expect_navigation():
        page.get_by_role("button", name="Refresh").click()
    expect(page.locator("[data-poll]")).to_have_count(0)


def test_the_first_load_of_the_feed_is_small(admin: Visit) -> None:
    """Over the wire, with all its scripts; a browser that was here before loads the page only."""
    loaded: list[float] = []
    network = admin.page.context.new_cdp_session(admin.page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    admin.page.goto("/feed/")
    expect(admin.page.get_by_role("heading", name="You, this week")).to_be_visible()
    assert 10_000 < sum(loaded) < 60_000
