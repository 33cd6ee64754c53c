"""What people do on the site, by the names that they read there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.demo import Demo
from tests.waiting import wait_until

ADMIN, MEMBER, SUPPORT = "company admin", "member", "support staff"
PEOPLE = "/admin/integrations/directoryuser/"
MAPPINGS = "/admin/integrations/usermapping/?show=mapped"
ACCOUNTS = "/admin/accounts/user/"
IMPORTS_UNDER_WAY = (
    "from django_q.models import OrmQ;"
    "print(sum(one.func() == 'integrations.tasks.apply_plan' for one in OrmQ.objects.all()))"
)


@dataclass(frozen=True)
class Login:
    email: str
    password: str

    @classmethod
    def of(cls, demo: Demo, role: str) -> Login:
        login = next(one for one in demo.ready["logins"] if one["role"] == role)
        return cls(login["email"], login["password"])


def log_in(page: Page, login: Login) -> None:
    page.goto("/login/")
    page.get_by_label("E-mail").fill(login.email)
    page.get_by_label("Password").fill(login.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


# --- the start page


def open_card(page: Page, title: str, button: str) -> None:
    """Press the button on the card of an approach."""
    page.goto("/admin/")
    page.get_by_role("article", name=title).get_by_role("link", name=button).click()


# --- the list of Salesforce users


def box_of(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=f"Tick {name}", exact=True)


def tick(page: Page, names: Iterable[str]) -> None:
    for name in names:
        box_of(page, name).check()


def listed(page: Page) -> list[str]:
    """Whoever can be ticked on this page, in its order."""
    boxes = page.locator("input.action-select:enabled")
    return [str(box.get_attribute("data-name")) for box in boxes.all()]


def open_people(page: Page, **filters: str) -> None:
    asked = "&".join(f"{name}={value}" for name, value in filters.items())
    page.goto(f"{PEOPLE}?{asked}")
    expect(page.get_by_role("heading", name="Salesforce users")).to_be_visible()


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Ticked people")


def press_import(page: Page, number: int) -> None:
    users = "user" if number == 1 else "users"
    bar(page).get_by_role("button", name=f"Import {number} {users}", exact=True).click()


def search(page: Page, words: str) -> None:
    field = page.get_by_role("searchbox", name="Search by name")
    field.fill(words)
    field.press("Enter")
    page.wait_for_url(re.compile(r"[?&]q="))


# --- a change, from its preview to its revert


def expect_done(page: Page, heading: str) -> None:
    """Stay on the page until the worker has finished; the page reloads itself."""
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.locator(".page-head .chip")).to_have_text("Done")


def result(page: Page) -> str:
    return page.locator("[data-state=done] strong").inner_text()


def revert(page: Page, number: int) -> None:
    """Press Revert on a finished change, look at the preview, press again, and wait."""
    changes = "change" if number == 1 else "changes"
    page.get_by_role("button", name="Revert…").click()
    page.get_by_role("button", name=f"Revert {number} {changes}", exact=True).click()
    expect_done(page, f"Reverted {number} {changes}")


def wait_for_their_reports(demo: Demo) -> None:
    """Until the worker has let in the records of whoever was imported.

    A first report between a revert's preview and its second press keeps an account, and says so.
    """
    wait_until(
        lambda: demo.manage("shell", "--no-imports", "-c", IMPORTS_UNDER_WAY).strip() == "0",
        "the records of the imported are let in",
        60,
    )


def counted(page: Page, address: str) -> int:
    """How many rows the list at this address says it has."""
    page.goto(address)
    found = re.search(r"(\d+) [a-zA-Z ]+$", page.locator(".paginator").inner_text().strip())
    assert found, page.locator(".paginator").inner_text()
    return int(found[1])


def mappings(page: Page) -> int:
    return counted(page, MAPPINGS)


def accounts(page: Page) -> int:
    return counted(page, ACCOUNTS)


def people_to_create(page: Page, number: int) -> list[str]:
    """The first people of the list for whom an import would make an account; shows them.

    None whose deals wait: with reports an account is in use, and a revert only deactivates it.
    """
    open_people(page, account="waiting")
    sellers = listed(page)
    open_people(page, account="none", verdict="create")
    names = listed(page)
    unique = [name for name in names if names.count(name) == 1 and name not in sellers]
    assert len(unique) >= number
    return unique[:number]
