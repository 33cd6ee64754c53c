"""What holds on every page: axe's rules, the width of a phone, the keyboard, who is let in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.demo import Demo

from .addresses import FIRST_ROWS, FOR_ADMINS, FOR_MEMBERS, FOR_NOBODY, FOR_SUPPORT
from .browsing import Visit
from .conftest import Visitor
from .site import (
    ADMIN,
    MEMBER,
    SUPPORT,
    Login,
    bar,
    expect_done,
    open_people,
    people_to_create,
    press_import,
    tick,
)

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]


@pytest.fixture(
    params=[
        pytest.param((1280, False), id="1280-light"),
        pytest.param((390, True), id="390-dark"),
        pytest.param((1280, True), id="1280-dark"),
        pytest.param((390, False), id="390-light"),
    ]
)
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    width, dark = request.param
    return {"width": width, "dark": dark}


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """Whether somebody was imported in this file already: then there is a change to look at."""
    return set()


@pytest.fixture
def _a_change(visitor: Visitor, imported: set[str]) -> None:
    if not imported:
        page = visitor(ADMIN).page
        tick(page, people_to_create(page, 2))
        press_import(page, 2)
        expect_done(page, "Imported 2 users")
        imported.add("done")


def faults_of(visit: Visit) -> list[tuple[str, object]]:
    """Serious violations of axe's rules on the page, and how far it can be scrolled sideways."""
    # Reading the style sheets anew (preload), axe would break the page's own security policy.
    found = Axe().run(visit.page, options={"resultTypes": ["violations"], "preload": False})
    faults: list[tuple[str, object]] = [
        (visit.page.url, (each["id"], [node["html"][:160] for node in each["nodes"]][:3]))
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    if overflow := visit.overflow():
        faults.append((visit.page.url, overflow))
    return faults


def faults_at(visit: Visit, addresses: Iterable[str]) -> list[tuple[str, object]]:
    """The faults of all these pages, one after the other."""
    faults = []
    for address in addresses:
        visit.go(address)
        faults += faults_of(visit)
    return faults


def test_pages_before_the_log_in_are_in_order(visitor: Visitor, look: dict[str, Any]) -> None:
    assert faults_at(visitor(**look), FOR_NOBODY) == []


@pytest.mark.usefixtures("_a_change")
def test_the_pages_of_an_admin_are_in_order(visitor: Visitor, look: dict[str, Any]) -> None:
    assert faults_at(visitor(ADMIN, **look), FOR_ADMINS) == []


@pytest.mark.usefixtures("_a_change")
def test_the_pages_of_single_things_are_in_order(visitor: Visitor, look: dict[str, Any]) -> None:
    visit = visitor(ADMIN, **look)
    for address, link in FIRST_ROWS:
        visit.go(address)
        visit.page.locator(link).first.click()
        visit.page.wait_for_url(f"**{address}*/change/")
        folds = visit.page.locator("main details:not([open]) > summary")
        while folds.count():
            folds.first.click()
        assert faults_of(visit) == []


@pytest.mark.usefixtures("_a_change")
def test_the_list_with_ticks_and_a_preview_are_in_order(
    visitor: Visitor, look: dict[str, Any]
) -> None:
    visit = visitor(ADMIN, **look)
    page = visit.page
    open_people(page, verdict="conflict")
    page.get_by_role("checkbox", name="Tick everybody on this page").check()
    assert faults_of(visit) == []
    bar(page).get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    assert faults_of(visit) == []
    page.get_by_role("button", name="Discard").click()


def test_the_pages_of_a_member_and_of_support_staff_are_in_order(
    visitor: Visitor, look: dict[str, Any]
) -> None:
    assert faults_at(visitor(MEMBER, **look), FOR_MEMBERS) == []
    assert faults_at(visitor(SUPPORT, **look), FOR_SUPPORT) == []


def test_a_member_is_not_let_into_the_admin(visitor: Visitor) -> None:
    visit = visitor(MEMBER)
    visit.expected |= {403}
    for address in FOR_ADMINS[:-1]:
        visit.go(address)
        expect(visit.page.get_by_role("heading", name="Not for this account")).to_be_visible()


def test_log_in_tick_and_import_by_keyboard_alone(visitor: Visitor, demo: Demo) -> None:
    page = visitor().page
    login = Login.of(demo, ADMIN)
    page.goto("/login/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(login.email)
    page.keyboard.press("Tab")
    page.keyboard.type(login.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    (name,) = people_to_create(page, 1)
    tab_to(page, f"Tick {name}")
    page.keyboard.press("Space")
    expect(bar(page)).to_contain_text("1 person: 1 new account")
    tab_to(page, "Import 1 user")
    page.keyboard.press("Enter")
    expect_done(page, "Imported 1 user")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what is called so; what has the focus must show it."""
    for _ in range(400):
        page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        called = focused.get_attribute("aria-label") or focused.inner_text()
        if called.strip() == name:
            assert focused.evaluate("e => getComputedStyle(e).outlineStyle") != "none"
            return
    raise AssertionError(f"Tab never reaches “{name}”")
