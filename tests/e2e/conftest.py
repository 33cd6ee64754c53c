"""A demo and a Chromium a file, and pages that complain when they break a rule of the browser.

Both end with their file: Playwright's event loop must not be there when other tests use the
database. Nothing here touches the database but through the pages and `manage.py` commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.demo import Demo, temporary_demo

from .browsing import NoChromium, Visit, started_browser, where_chromium_is
from .site import ADMIN, Login, log_in

#: The machine may be busy: every wait below polls, and ends as soon as it may.
PATIENCE = 60_000
Visitor = Callable[..., Visit]


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        chromium = where_chromium_is()
    except NoChromium as error:
        if error.is_a_failure:
            pytest.fail(str(error))
        pytest.skip(str(error))
    with started_browser(chromium) as browser:
        yield browser


@pytest.fixture(scope="module")
def demo_options() -> list[str]:
    """Options of this file's `manage.py demo`; a file may have its own."""
    return []


@pytest.fixture(scope="module")
def demo(browser: Browser, demo_options: list[str]) -> Iterator[Demo]:
    with temporary_demo(*demo_options) as demo:
        yield demo


@pytest.fixture(scope="module")
def sessions(demo: Demo) -> dict[str, StorageState]:
    """The cookies of everybody who logged in, so that each does it once."""
    return {}


@pytest.fixture
def visitor(browser: Browser, demo: Demo, sessions: dict[str, StorageState]) -> Iterator[Visitor]:
    """Opens a window for somebody; in the end no page may have broken the browser's rules."""
    visits: list[Visit] = []

    def open_window(role: str = "", *, width: int = 1280, dark: bool = False) -> Visit:
        """For the person of the demo with this role, or for nobody yet."""
        visit = Visit.open(
            browser, demo.ready["web"], width=width, dark=dark, session=sessions.get(role)
        )
        visits.append(visit)
        if role and role not in sessions:
            log_in(visit.page, Login.of(demo, role))
            sessions[role] = visit.page.context.storage_state()
        return visit

    yield open_window
    for visit in visits:
        visit.page.context.close()
    assert [problem for visit in visits for problem in visit.problems()] == []


@pytest.fixture
def admin(visitor: Visitor) -> Visit:
    """The company admin's window."""
    return visitor(ADMIN)
