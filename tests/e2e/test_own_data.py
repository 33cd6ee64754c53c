"""A demo made from CSV files: a small folder, and a real export where there is one."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.demo import ROOT, Demo
from tests.waiting import wait_until

from .browsing import Visit
from .conftest import Visitor
from .site import (
    ADMIN,
    MAPPINGS,
    SUPPORT,
    accounts,
    expect_done,
    listed,
    mappings,
    open_card,
    open_people,
    press_import,
    result,
    revert,
    wait_for_their_reports,
)

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

#: A published CRM export (35 agents, 6 managers), where a folder beside the checkout has one.
REAL_EXPORT = next(ROOT.parent.glob("*/data/crm"), None)
SMALL = {
    "sales_teams.csv": "sales_agent,manager,regional_office\n"
    "Ann Lee,Max Moe,East\nBo de Vries,Max Moe,East\nZoë Zorn,Kim Ito,West\n",
    "accounts.csv": "account,sector,year_established,revenue,employees,office_location,"
    "subsidiary_of\nAcme,retail,1996,1100.04,2822,United States,\n",
    "products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\n",
    "sales_pipeline.csv": "opportunity_id,sales_agent,product,account,deal_stage,engage_date,"
    "close_date,close_value\nA1,Ann Lee,GTX Pro,Acme,Won,10/20/2016,12/31/2017,1054\n"
    "A2,Zoë Zorn,GTX Pro,,Engaging,11/1/2017,,\n",
}
#: What the worker does by itself within a minute.
MARK_AND_PLAN = """
from integrations.models import Connection
from integrations.user_sync import automatic, wanted
wanted.mark_owners_of_held_records(Connection.objects.get())
automatic.plan_everywhere()
"""
#: The other approaches are walked here only where there are enough people.
of_real_export = pytest.mark.parametrize("data", ["real"], indirect=True)


@pytest.fixture(scope="module", params=["small", "real"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of CSV files."""
    if request.param == "real":
        if REAL_EXPORT is None:
            pytest.skip("There is no folder data/crm with a real export beside the checkout.")
        return REAL_EXPORT
    folder = tmp_path_factory.mktemp("small")
    for name, text in SMALL.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def number(data: Path) -> int:
    """Agents and managers; the integration user is nobody to import."""
    with (data / "sales_teams.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return len({row[column] for row in rows for column in ("sales_agent", "manager")})


@pytest.fixture(scope="module")
def demo_options(data: Path) -> list[str]:
    return [f"--data={data}"]


def test_everybody_is_imported_once_and_reverted(admin: Visit, demo: Demo, number: int) -> None:
    page, second_tab = admin.page, admin.page.context.new_page()
    before = accounts(page)
    assert mappings(page) == 0
    for tab in (page, second_tab):
        open_people(tab)
        assert len(listed(tab)) == number
        tab.get_by_role("checkbox", name="Tick everybody on this page").check()

    press_import(page, number)
    expect_done(page, f"Imported {number} users")
    assert result(page) == f"{number} new accounts."
    done_at = page.url
    assert (mappings(page), accounts(page)) == (number, before + number)

    import_again(second_tab, number)
    open_people(page)
    assert listed(page) == []
    assert (mappings(page), accounts(page)) == (number, before + number)

    page.goto(done_at)
    revert(page, number)
    assert (mappings(page), accounts(page)) == (0, before)


def import_again(page: Page, number: int) -> None:
    """Press Import in a window that was opened before: everybody has an account by now."""
    press_import(page, number)
    expect(page.get_by_text("Please look at this first.")).to_be_visible()
    expect(page.get_by_role("button", name="Nobody to import")).to_be_disabled()


@of_real_export
def test_manual_adds_an_agent_while_typing(admin: Visit) -> None:
    page = admin.page
    before = accounts(page)
    open_card(page, "Manual", "Add person")
    field = page.get_by_role("searchbox", name="Search the Salesforce users")
    field.press_sequentially("darcel", delay=20)
    page.get_by_role("link", name="Darcel Schlecht", exact=True).click()
    expect(page.get_by_label("E-mail")).to_have_value("darcel.schlecht@maventech.example")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Darcel Schlecht has an account")).to_be_visible()
    assert (mappings(page), accounts(page)) == (1, before + 1)
    revert_newest(page, "Imported 1 user", 1)
    assert (mappings(page), accounts(page)) == (0, before)


@of_real_export
def test_manual_maps_an_agent_by_a_file_that_went_out_and_comes_in(
    admin: Visit, demo: Demo, number: int
) -> None:
    page = admin.page
    member = next(one["email"] for one in demo.ready["logins"] if one["role"] == "member")
    page.goto(MAPPINGS)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert len(text.splitlines()) == 1 + number + 1  # the integration user is in the list, too
    filled = re.sub(r"(Rosalina Dieter,[^,]*,)", rf"\g<1>{member}", text)
    page.get_by_role("link", name="Import CSV…").click()
    file: FilePayload = {"name": "mappings.csv", "mimeType": "text/csv", "buffer": filled.encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    page.locator("[data-button]").click()
    expect_done(page, "Mapped 1 Salesforce user")
    assert result(page) == "1 mapped to an existing account."
    assert mappings(page) == 1
    revert_newest(page, "Mapped 1 Salesforce user", 1)
    assert mappings(page) == 0


@of_real_export
def test_automatic_takes_twenty_owners_of_deals_and_holds_the_rest_for_a_person(
    admin: Visit, demo: Demo, data: Path
) -> None:
    page, sellers = admin.page, sellers_of(data)
    before, held = accounts(page), len(sellers) - 20
    read_won_deals(page, since=datetime.now(UTC).date() - timedelta(days=30))
    turn_automatic(page, "On")
    demo.manage("shell", "--no-imports", "-c", MARK_AND_PLAN)
    open_card(page, "Automatic", "Settings")
    did = page.get_by_role("region", name="What it did")
    did.get_by_role("link", name="20 users").click()
    expect_done(page, "Imported 20 users")
    open_card(page, "Automatic", "Settings")
    expect(did).to_contain_text("20 of 20 accounts made today.")
    did.get_by_role("link", name=f"Import {held} users").click()
    expect(page.get_by_text("At most 20 accounts a day are made automatically.")).to_be_visible()
    page.get_by_role("button", name=f"Import {held} users", exact=True).click()
    expect_done(page, f"Imported {held} users")
    assert (mappings(page), accounts(page)) == (len(sellers), before + len(sellers))
    turn_automatic(page, "Off")
    wait_for_their_reports(demo)
    revert_newest(page, f"Imported {held} users", held)
    revert_newest(page, "Imported 20 users", 20)
    assert (mappings(page), accounts(page)) == (0, before)
    switch_off_won_deals(page)


@of_real_export
def test_all_active_users_are_requested_with_a_note_and_approved_by_support(
    visitor: Visitor, number: int
) -> None:
    page, decider = visitor(ADMIN).page, visitor(SUPPORT).page
    before = accounts(page)
    assert number == 35 + 6  # agents and managers
    open_card(page, "All active users", "Request…")
    page.get_by_role("button", name="Show me who").click()
    page.get_by_label("A note for whoever decides").fill("Everybody starts on Monday")
    page.get_by_role("button", name="Request accounts for all active users").click()
    expect(page.locator(".page-head .chip")).to_have_text("Waiting")
    decider.goto("/admin/")
    decider.get_by_role("link", name=re.compile("accounts for all active users")).click()
    expect(decider.get_by_text("Everybody starts on Monday")).to_be_visible()
    decider.get_by_role("button", name=f"Approve: Import {number} users").click()
    expect_done(decider, f"Imported {number} users")
    assert result(decider) == f"{number} new accounts."
    assert (mappings(page), accounts(page)) == (number, before + number)
    revert_newest(page, f"Imported {number} users", number)
    assert (mappings(page), accounts(page)) == (0, before)


def sellers_of(data: Path) -> set[str]:
    with (data / "sales_pipeline.csv").open(encoding="utf-8") as file:
        return {one["sales_agent"] for one in csv.DictReader(file) if one["deal_stage"] == "Won"}


def read_won_deals(page: Page, since: date) -> None:
    """Make the workflow by its template, switch it on since a day, and wait for its deals."""
    page.goto("/admin/integrations/workflow/")
    page.get_by_role("link", name="New workflow").click()
    page.get_by_role("article", name="Closed-won deals").get_by_role("button").click()
    page.get_by_role("link", name="Switch on…").click()
    page.get_by_role("radio", name=re.compile("Since a day")).check()
    page.get_by_label("Since", exact=True).fill(since.isoformat())
    page.get_by_role("button", name="Switch on").click()
    wait_until(lambda: has_read_earlier_records(page), "the earlier deals are read", 120)


def has_read_earlier_records(page: Page) -> bool:
    """The page of a workflow does not reload itself."""
    page.reload()
    return not page.get_by_role("region", name="Earlier records").is_visible()


def switch_off_won_deals(page: Page) -> None:
    """So that whoever is imported after this has no reports, and a revert leaves nothing."""
    page.goto("/admin/integrations/workflow/")
    page.get_by_role("link", name="Closed-won deals").click()
    page.get_by_role("link", name="Switch off…").click()
    page.get_by_role("button", name="keep").click()
    expect(page.locator(".page-head .chip")).to_have_text("Off")


def turn_automatic(page: Page, state: str) -> None:
    open_card(page, "Automatic", "Settings" if state == "Off" else "Turn on…")
    page.get_by_role("checkbox", name="Automatically sync users").set_checked(state == "On")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".page-head .chip")).to_have_text(state)


def revert_newest(page: Page, title: str, number: int) -> None:
    """Revert the newest plan of this title."""
    page.goto("/admin/integrations/syncplan/")
    page.get_by_role("link", name=title, exact=True).first.click()
    revert(page, number)
