"""Tick people, press one button, see what became of each, take it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo

from .browsing import Visit
from .conftest import Visitor
from .site import (
    ADMIN,
    Login,
    accounts,
    bar,
    box_of,
    expect_done,
    listed,
    log_in,
    mappings,
    open_people,
    people_to_create,
    press_import,
    result,
    revert,
    search,
    tick,
    wait_for_their_reports,
)

pytestmark = pytest.mark.e2e

COUNT_MAPPINGS = "from integrations.models import UserMapping; print(UserMapping.objects.count())"


@pytest.fixture(scope="module")
def mapped_at_first(demo: Demo) -> int:
    """How many people the demo mapped by itself, before anybody pressed anything."""
    return int(demo.manage("shell", "--no-imports", "-c", COUNT_MAPPINGS))


@pytest.fixture(autouse=True)
def _counted_first(mapped_at_first: int) -> None:
    """Count before the first test of this file, whichever that is, changes anything."""


def test_with_a_full_directory_and_no_press_nobody_has_an_account(
    admin: Visit, mapped_at_first: int
) -> None:
    assert mapped_at_first == 0
    open_people(admin.page, account="none")
    assert len(listed(admin.page)) > 40


def test_log_in_tick_three_press_once_and_revert(visitor: Visitor, demo: Demo) -> None:
    page = visitor().page
    log_in(page, Login.of(demo, ADMIN))
    before = accounts(page)
    names = people_to_create(page, 3)
    tick(page, names)
    expect(bar(page)).to_contain_text("3 people: 3 new accounts")
    press_import(page, 3)
    expect_done(page, "Imported 3 users")
    assert result(page) == "3 new accounts."
    for name in names:
        row = page.get_by_role("row", name=name)
        expect(row).to_contain_text("Account made")
    done_at = page.url
    assert (mappings(page), accounts(page)) == (3, before + 3)

    page.goto(done_at)
    revert(page, 3)
    assert (mappings(page), accounts(page)) == (0, before)


@pytest.mark.nightly
def test_ticks_survive_search_filter_page_and_reload(admin: Visit) -> None:
    page = admin.page
    first, second, third = people_to_create(page, 3)
    tick(page, [first])
    search(page, second)
    tick(page, [second])
    open_people(page, p="2")
    expect(bar(page)).to_contain_text("2 people: 2 new accounts")
    page.get_by_role("combobox", name="In Salesforce").select_option("Active")
    page.wait_for_url("**active=yes**")
    search(page, third)
    tick(page, [third])
    page.reload()
    expect(box_of(page, third)).to_be_checked()
    bar(page).get_by_text("Show", exact=True).click()
    for name in (first, second, third):
        expect(bar(page).get_by_role("button", name=f"Untick {name}", exact=True)).to_be_visible()
    bar(page).get_by_role("button", name=f"Untick {second}", exact=True).click()
    expect(bar(page)).to_contain_text("2 people: 2 new accounts")
    press_import(page, 2)
    expect_done(page, "Imported 2 users")
    expect(page.get_by_role("row", name=first)).to_contain_text("Account made")
    expect(page.get_by_role("row", name=third)).to_contain_text("Account made")
    revert(page, 2)


def test_a_conflict_is_solved_side_by_side(admin: Visit) -> None:
    page = admin.page
    open_people(page, verdict="conflict")
    row = page.get_by_role("row").filter(has_text="company admin").first
    row.get_by_role("checkbox").check()
    press_import(page, 1)
    expect(page.get_by_text("Please look at this first.")).to_be_visible()
    expect(page.get_by_role("heading", name="Need your decision")).to_be_visible()
    for choice in ("Map to this account", "Create a new account", "Ignore"):
        expect(page.get_by_role("button", name=choice, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Nobody to import")).to_be_disabled()
    page.get_by_role("button", name="Map to this account").click()
    page.get_by_role("button", name="Import 1 user", exact=True).click()
    expect_done(page, "Imported 1 user")
    assert result(page) == "1 mapped to an existing account."
    revert(page, 1)


@pytest.mark.nightly
def test_people_are_ignored_and_no_longer_ignored(admin: Visit) -> None:
    page = admin.page
    (name,) = people_to_create(page, 1)
    tick(page, [name])
    bar(page).get_by_role("button", name="Ignore…").click()
    page.get_by_label("Reason (optional)").fill("Works for a partner")
    page.get_by_role("button", name="Ignore 1 person").click()
    expect_done(page, "Ignored 1 person")
    open_people(page, account="ignored")
    row = page.get_by_role("row", name=name)
    expect(row).to_contain_text("Works for a partner")
    tick(page, [name])
    bar(page).get_by_role("button", name="Stop ignoring").click()
    expect_done(page, "Stopped ignoring 1 person")
    open_people(page, account="ignored")
    expect(page.get_by_text("Nobody matches")).to_be_visible()


@pytest.mark.nightly
def test_all_matching_people_go_through_the_preview(admin: Visit, demo: Demo) -> None:
    page = admin.page
    open_people(page)
    page.get_by_role("checkbox", name="Tick everybody on this page").check()
    everybody = bar(page).get_by_role("button", name="Select all")
    matching = int(everybody.inner_text().split()[2])
    everybody.click()
    expect(bar(page)).to_contain_text(f"All {matching} matching people")
    press_import(page, matching)
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    expect(page.get_by_role("heading", name="Need your decision")).to_be_visible()
    number = _included(page)
    page.locator("input[name=row]").first.uncheck()
    expect(page.get_by_role("button", name=f"Import {number - 1} users")).to_be_enabled()
    page.get_by_role("button", name=f"Import {number - 1} users").click()
    expect_done(page, f"Imported {number - 1} users")
    address = page.url
    assert mappings(page) == number - 1
    wait_for_their_reports(demo)
    page.goto(address)
    revert(page, number - 1)
    assert mappings(page) == 0


def _included(page: Page) -> int:
    """The number on the plan's button."""
    return int(page.locator("[data-button]").inner_text().split()[1])


@pytest.mark.nightly
def test_preview_changes_nothing_until_it_is_approved(admin: Visit) -> None:
    page = admin.page
    tick(page, people_to_create(page, 2))
    bar(page).get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded. Nothing was changed.")).to_be_visible()
    assert mappings(page) == 0
