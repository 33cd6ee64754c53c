"""What a folder of CSV files says: `sales_teams`, `sales_pipeline`, `accounts`, `products`.

Everything is read and checked before anything is made (`crm_org.py`).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .csv_files import BrokenData, Line, read_lines

STAGES = {
    "Won": "Closed Won",
    "Lost": "Closed Lost",
    "Engaging": "Negotiation/Review",
    "Prospecting": "Prospecting",
}
TEAM_COLUMNS = ("sales_agent", "manager", "regional_office")
ACCOUNT_COLUMNS = ("account", "sector", "revenue", "employees", "office_location", "subsidiary_of")
DEAL_COLUMNS = (
    "opportunity_id",
    "sales_agent",
    "product",
    "account",
    "deal_stage",
    "engage_date",
    "close_date",
    "close_value",
)


@dataclass(frozen=True)
class Person:
    name: str
    office: str
    manager: str | None  # none: is a manager


@dataclass(frozen=True)
class Deal:
    key: str
    agent: str
    title: str
    account: str | None
    stage: str
    engaged: date | None
    closed: date | None
    value: float | None


@dataclass(frozen=True)
class Company:
    """What the four files say."""

    people: dict[str, Person]
    accounts: dict[str, Line]
    deals: list[Deal]


def read(folder: Path) -> Company:
    """Read and check the four files."""
    if not folder.is_dir():
        raise BrokenData(f"{folder}: there is no such folder.")
    people = _read_people(folder / "sales_teams.csv")
    accounts = _read_accounts(folder / "accounts.csv")
    products = {
        line.required("product").replace(" ", ""): line.required("product")
        for line in read_lines(folder / "products.csv", ("product",))
    }
    deals: dict[str, Deal] = {}
    for line in read_lines(folder / "sales_pipeline.csv", DEAL_COLUMNS):
        deal = _read_deal(line, people, accounts, products)
        if deal.key in deals:
            line.fail("opportunity_id", f"{deal.key!r} is there twice.")
        deals[deal.key] = deal
    return Company(people, accounts, list(deals.values()))


def _read_people(path: Path) -> dict[str, Person]:
    agents: dict[str, Person] = {}
    managers: dict[str, Person] = {}
    for line in read_lines(path, TEAM_COLUMNS):
        agent, manager = line.required("sales_agent"), line.required("manager")
        office = line.required("regional_office")
        if agent in agents:
            line.fail("sales_agent", f"{agent!r} is there twice.")
        agents[agent] = Person(agent, office, manager)
        managers.setdefault(manager, Person(manager, office, None))
    # A manager who is in somebody's team has their own line: it says more.
    return managers | agents


def _read_accounts(path: Path) -> dict[str, Line]:
    accounts: dict[str, Line] = {}
    for line in read_lines(path, ACCOUNT_COLUMNS):
        name = line.required("account")
        if name in accounts:
            line.fail("account", f"{name!r} is there twice.")
        line.number_("revenue")
        line.whole("employees")
        accounts[name] = line
    for line in accounts.values():
        parent = line.text("subsidiary_of")
        if parent and parent not in accounts:
            line.fail("subsidiary_of", f"there is no account {parent!r}.")
    return accounts


def _read_deal(
    line: Line, people: dict[str, Person], accounts: dict[str, Line], products: dict[str, str]
) -> Deal:
    agent, stage, account = line.text("sales_agent"), line.text("deal_stage"), line.text("account")
    if agent not in people:
        line.fail("sales_agent", f"{agent!r} is not in sales_teams.csv.")
    if stage not in STAGES:
        line.fail("deal_stage", f"{stage!r} is none of {', '.join(STAGES)}.")
    if account and account not in accounts:
        line.fail("account", f"{account!r} is not in accounts.csv.")
    closed = line.date("close_date")
    value = line.number_("close_value")
    if stage in ("Won", "Lost") and closed is None:
        line.fail("close_date", "a closed deal needs one.")
    if stage == "Won" and value is None:
        line.fail("close_value", "a won deal needs one.")
    key = line.required("opportunity_id")
    product = line.required("product")
    product = products.get(product.replace(" ", ""), product)
    title = f"{account}: {product}" if account else f"{product} ({key})"
    engaged = line.date("engage_date")
    return Deal(key, agent, title, account or None, STAGES[stage], engaged, closed, value)
