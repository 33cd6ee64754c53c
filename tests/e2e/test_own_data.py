"""A demo made from CSV files: a small folder, and a real export where there is one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.demo import ROOT, Demo

from .browsing import Visit
from .site import (
    accounts,
    expect_done,
    listed,
    mappings,
    open_people,
    press_import,
    result,
    revert,
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
