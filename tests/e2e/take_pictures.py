"""Takes the README's pictures anew: `python -m tests.e2e.take_pictures`.

With `--every FOLDER` it also takes every page, narrow and wide, light and dark, to be looked at.
It starts a demo of its own and needs a Chromium.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, expect

from tests.demo import temporary_demo

from .addresses import FIRST_ROWS, FOR_ADMINS, FOR_NOBODY, LOOKS
from .browsing import Visit, started_browser, where_chromium_is
from .site import (
    ADMIN,
    Login,
    bar,
    expect_done,
    listed,
    log_in,
    open_people,
    people_to_create,
    press_import,
    tick,
)

PICTURES = Path(__file__).parent / "pictures"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--every", type=Path, metavar="FOLDER", help="take every page, too")
    every: Path | None = options.parse_args().every
    expect.set_options(timeout=60_000)
    with temporary_demo() as demo, started_browser(where_chromium_is()) as browser:
        web = demo.ready["web"]
        visit = Visit.open(browser, web)
        log_in(visit.page, Login.of(demo, ADMIN))
        take_for_readme(visit.page)
        if every:
            take_every(browser, web, visit.page.context.storage_state(), every)


def take_for_readme(page: Page) -> None:
    """The list with ticks, what came of them, and a conflict."""
    PICTURES.mkdir(exist_ok=True)
    names = people_to_create(page, 6)
    tick(page, names)
    open_people(page, verdict="map")
    tick(page, listed(page)[:1])
    open_people(page)
    expect(bar(page)).to_contain_text("7 people")
    page.screenshot(path=PICTURES / "salesforce-users.png")

    press_import(page, 7)
    expect_done(page, "Imported 7 users")
    page.set_viewport_size({"width": 1280, "height": 680})
    page.screenshot(path=PICTURES / "result.png")

    open_people(page, verdict="conflict")
    page.get_by_role("row").filter(has_text="company admin").get_by_role("checkbox").check()
    bar(page).get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("button", name="Map to this account")).to_be_visible()
    page.screenshot(path=PICTURES / "conflict.png")


def take_every(browser: Browser, web: str, session: StorageState, folder: Path) -> None:
    """Every page in every look, as `<page>-<width>-<light or dark>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, dark in LOOKS:
        look = f"{width}-{'dark' if dark else 'light'}"
        for addresses, whose in ((FOR_NOBODY, None), (FOR_ADMINS, session)):
            visit = Visit.open(browser, web, width=width, dark=dark, session=whose)
            for address in addresses:
                visit.go(address)
                take(visit.page, folder, address, look)
        for address, link in FIRST_ROWS:
            visit.go(address)
            visit.page.locator(link).first.click()
            visit.page.wait_for_url(f"**{address}*/change/")
            take(visit.page, folder, f"{address}one", look)


def take(page: Page, folder: Path, address: str, look: str) -> None:
    name = re.sub(r"\W+", "-", address).strip("-")
    page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)


if __name__ == "__main__":
    main()
