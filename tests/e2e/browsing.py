"""Chromium, and windows in it that note what the browser complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    StorageState,
    sync_playwright,
)

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: How a page that is not an answer of 200 shows in the console; the window's owner expects some.
FAILED_TO_LOAD = "Failed to load resource: the server responded with a status of {}"
LISTEN_FOR_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) => {
        window.noteViolation(`${event.violatedDirective} blocked ${event.blockedURI}`);
    });
"""


class NoChromium(Exception):
    """There is no browser; that fails a run of which nothing may be left out."""

    @property
    def is_a_failure(self) -> bool:
        return os.environ.get("CI") == "true"


def where_chromium_is() -> str:
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    raise NoChromium(f"No Chromium on the PATH: looked for {', '.join(CHROMIUM_NAMES)}.")


@contextmanager
def started_browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]  # a container has neither
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One window. Addresses begin with the site's own; ``expected`` are statuses provoked."""

    page: Page
    web: str
    expected: set[int] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        browser: Browser,
        web: str,
        *,
        width: int = 1280,
        dark: bool = False,
        session: StorageState | None = None,
    ) -> Visit:
        context = browser.new_context(
            base_url=web,
            viewport={"width": width, "height": 800 if width > 600 else 844},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            storage_state=session,
        )
        context.set_default_timeout(60_000)
        visit = cls(context.new_page(), web)
        visit._listen()
        return visit

    def _listen(self) -> None:
        context = self.page.context
        context.expose_function("noteViolation", self._note_violation)
        context.add_init_script(LISTEN_FOR_VIOLATIONS)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self._note(f"script: {_message(error.error)}"))

    def _note_violation(self, text: str) -> None:
        self._note(f"policy: {text}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"{message.type}: {message.text} {message.location['url']}")

    def _note(self, complaint: str) -> None:
        self.complaints.append(f"{self.page.url}: {complaint}")

    def problems(self) -> list[str]:
        """All complaints but the statuses that were expected."""
        expected = [FAILED_TO_LOAD.format(status) for status in self.expected]
        return [each for each in self.complaints if not any(words in each for words in expected)]

    def go(self, address: str) -> None:
        self.page.goto(address)

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        wider: Any = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return int(wider)


def _message(error: Error) -> str:
    return error.message
