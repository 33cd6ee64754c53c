"""The tab in the org's page: two sites, no cookie between them, and alive all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, Request, Route, expect

from tests.demo import Demo

from .browsing import where_chromium_is
from .people import People
from .site import MEMBER, Login, log_in

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]


@pytest.fixture(scope="module")
def people(demo: Demo) -> People:
    return People(demo)


@pytest.fixture
def window(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., BrowserContext]]:
    """A Chromium of its own, for its cookie setting is the profile's."""
    opened: list[BrowserContext] = []

    def open_window(*, blocks_cookies: bool = True, **options: Any) -> BrowserContext:
        profile = tmp_path / f"profile-{blocks_cookies}-{len(opened)}"
        (profile / "Default").mkdir(parents=True)
        settings = {
            "profile": {
                "cookie_controls_mode": int(blocks_cookies),
                "block_third_party_cookies": blocks_cookies,
            }
        }
        (profile / "Default" / "Preferences").write_text(json.dumps(settings))
        context = browser.browser_type.launch_persistent_context(
            profile,
            executable_path=where_chromium_is(),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            **{"reduced_motion": "reduce", "viewport": {"width": 1280, "height": 900}, **options},
        )
        context.set_default_timeout(60_000)
        opened.append(context)
        return context

    yield open_window
    for context in opened:
        context.close()


def open_tab(context: BrowserContext, demo: Demo, username: str) -> tuple[Page, FrameLocator]:
    page = context.new_page()
    page.goto(f"{demo.ready['salesforce']}/login?going_to=/lightning/n/scoreline")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill("demo-org-2026")
    page.locator("form:has(#password), form:has([type=password])").first.get_by_role(
        "button"
    ).click()
    page.wait_for_url(re.compile("/lightning/n/scoreline"))
    return page, page.frame_locator("iframe[name^=canvas-frame-]")


@contextmanager
def noted(context: BrowserContext) -> Iterator[list[Request]]:
    """Requests to the framed pages."""
    found: list[Request] = []

    def note(request: Request) -> None:
        if "/embed/" in request.url:
            found.append(request)

    context.on("request", note)
    yield found


def plant_cookie(context: BrowserContext) -> None:
    """As first party: not partitioned, and to be sent into any frame that may have it."""
    cookie = {"name": "planted", "value": "1", "domain": "localhost", "path": "/"}
    context.add_cookies([{**cookie, "sameSite": "None", "secure": True}])  # type: ignore[typeddict-item]


@pytest.mark.parametrize("blocks_cookies", [True, False])
def test_the_tab_works_across_two_sites_without_any_cookie(
    blocks_cookies: bool, window: Callable[..., BrowserContext], demo: Demo, people: People
) -> None:
    context = window(blocks_cookies=blocks_cookies)
    plant_cookie(context)
    with noted(context) as requests:
        _, frame = open_tab(context, demo, people.admin)
        expect(frame.get_by_role("heading", name="Company feed")).to_be_visible()
        frame.get_by_role("link", name="My activity", exact=True).first.click()
        expect(frame.get_by_role("heading", name="My activity", exact=True)).to_be_visible()
    entry = next(request for request in requests if request.method == "POST")
    # The control: where cookies are allowed one does come along, so blocking shows something.
    assert ("planted" in entry.all_headers().get("cookie", "")) is not blocks_cookies
    for request in requests:
        response = request.response()
        assert response is None or "set-cookie" not in response.all_headers()
    assert {cookie["name"] for cookie in context.cookies("http://localhost")} <= {"planted"}
    assert next(r for r in requests if "my-activity" in r.url).all_headers()["authorization"]


def test_what_the_stream_commits_comes_and_goes_without_a_reload(
    window: Callable[..., BrowserContext], demo: Demo, people: People
) -> None:
    _, frame = open_tab(window(), demo, people.admin)
    expect(frame.get_by_role("heading", name="Company feed")).to_be_visible()
    deal = people.close_a_deal("Deal alive")
    article = frame.get_by_role("article").filter(has_text="Deal alive")
    expect(article).to_be_visible()
    expect(article).to_have_class(re.compile("celebrating"))
    article.get_by_role("button", name="Like").click()
    expect(article.get_by_role("button", name="like")).to_have_attribute("aria-pressed", "true")
    article.get_by_role("link", name="Comment").click()
    article.get_by_label("Your comment").fill("<b>Well done</b>")
    article.get_by_role("button", name="Comment").click()
    expect(article.get_by_text("<b>Well done</b>")).to_be_visible()
    expect(article.get_by_role("link", name="1 comment on the report")).to_be_visible()
    people.reopen(deal)
    expect(article).to_have_count(0)


def test_what_comes_while_a_press_waits_for_its_answer_is_shown_behind_it(
    window: Callable[..., BrowserContext], demo: Demo, people: People
) -> None:
    context = window()
    _, frame = open_tab(context, demo, people.admin)
    expect(frame.get_by_role("heading", name="Company feed")).to_be_visible()
    deal = people.close_a_deal("Deal under way")
    article = frame.get_by_role("article").filter(has_text="Deal under way")
    expect(article).to_contain_text("50,000")
    pressed: list[Route] = []
    context.route(re.compile(r"/reports/\d+/$"), lambda route: pressed.append(route))
    for was, amount, answer in ((50, 61, Route.continue_), (61, 62, Route.abort)):
        article.get_by_role("link", name="Comment").click()
        people.set_amount(deal, amount * 1_000)
        people.close_a_deal(f"Deal after {amount}")
        expect(frame.get_by_role("article").filter(has_text=f"after {amount}")).to_be_visible()
        assert f"{was},000" in article.inner_text(), "the answer goes into this very element"
        answer(pressed.pop())
        expect(article).to_contain_text(f"{amount},000")
        expect(article.get_by_label("Your comment")).to_be_visible()


def test_the_way_into_the_admin_opens_a_window_of_its_own(
    window: Callable[..., BrowserContext], demo: Demo, people: People
) -> None:
    context = window()
    _, frame = open_tab(context, demo, people.admin)
    with context.expect_page() as opened:
        frame.get_by_role("button", name="Manage integration").click()
    expect(opened.value).to_have_url(re.compile("/admin/"))


def test_whoever_has_no_account_asks_once_and_sees_that_they_asked(
    window: Callable[..., BrowserContext], demo: Demo, people: People
) -> None:
    page, frame = open_tab(window(), demo, people.stranger)
    frame.get_by_role("button", name="Ask to be added").click()
    expect(frame.get_by_role("heading", name="You asked to be added")).to_be_visible()
    page.reload()
    expect(frame.get_by_role("heading", name="You asked to be added")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (390, "dark"),
        (1280, "dark"),
        (390, "light"),
    ],
)
def test_every_page_of_the_tab_is_accessible_and_fits(
    width: int,
    scheme: str,
    window: Callable[..., BrowserContext],
    demo: Demo,
    people: People,
) -> None:
    context = window(color_scheme=scheme, viewport={"width": width, "height": 900})
    page, frame = open_tab(context, demo, people.admin)
    people.close_a_deal(f"Deal {width} {scheme}")
    for name in ("Feed", "Leaderboard", "My activity", "Report an activity"):
        frame.locator("nav.tabs").get_by_role("link", name=name).click()
        expect(frame.locator("nav.tabs [aria-current=page]")).to_have_text(name)
        inner = next(each for each in page.frames if "/embed/" in each.url)
        found = Axe().run(inner)
        problems = [rule["id"] for rule in found.response["violations"]]
        assert problems == [], (name, found.generate_report())
        assert inner.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_a_feed_left_open_leads_to_the_log_in_when_the_session_is_over(
    window: Callable[..., BrowserContext], demo: Demo
) -> None:
    context = window(base_url=demo.ready["web"])
    page = context.new_page()
    log_in(page, Login.of(demo, MEMBER))
    expect(page.get_by_role("heading", name="Company feed")).to_be_visible()
    context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('page-shown'))")  # opens the stream again
    page.wait_for_url(re.compile("/login/"))


def test_a_deactivated_person_reads_it_in_the_open_tab_and_is_out_at_the_next_press(
    window: Callable[..., BrowserContext], demo: Demo, people: People
) -> None:
    _, frame = open_tab(window(), demo, people.member)
    expect(frame.get_by_role("heading", name="Company feed")).to_be_visible()
    people.deactivate_the_member()
    expect(frame.get_by_role("alert")).to_contain_text("no longer see this tab")
    frame.get_by_role("link", name="Leaderboard", exact=True).click()
    expect(frame.get_by_role("alert")).to_contain_text("no longer see this tab")
