"""A company from a folder of CSV files: `sales_teams`, `sales_pipeline`, `accounts`, `products`.

Everything is read and checked before anything is made.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from .csv_files import BrokenData, Line, read_lines
from .ground import DOMAIN, Ground, lay_ground
from .org import DemoOrg
from .store import Row

STAGES = {
    "Won": "Closed Won",
    "Lost": "Closed Lost",
    "Engaging": "Negotiation/Review",
    "Prospecting": "Prospecting",
}
OPEN_FOR = timedelta(days=90)
WORKDAY_STARTS = time(8, tzinfo=UTC)
WORKDAY_SECONDS = 10 * 3600
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


def load(folder: Path, keep_dates: bool, clock: Callable[[], datetime]) -> DemoOrg:
    """Make the org of a folder; BrokenData names file, line and column, and nothing is made."""
    company = read(folder)
    content = "".join(deal.key + deal.agent for deal in company.deals)
    org = DemoOrg(f"csv {hashlib.sha256(content.encode()).hexdigest()}", clock)
    ground = lay_ground(org, "Maventech")
    users = _make_users(org, ground, company.people)
    accounts = _make_accounts(org, company.accounts)
    shift = timedelta() if keep_dates else _shift(company.deals, org.today())
    for number, deal in enumerate(company.deals):
        _make_deal(org, number, deal, shift, users, accounts)
    return org


# -- reading


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


# -- making


def _make_users(org: DemoOrg, ground: Ground, people: dict[str, Person]) -> dict[str, Row]:
    roles: dict[str, Row] = {}
    users: dict[str, Row] = {}
    founded = org.store.rows("Organization")[0]["CreatedDate"]
    for person in sorted(people.values(), key=lambda p: p.manager is not None):
        role = _role(ground, roles, person)
        first, _, last = person.name.rpartition(" ")
        users[person.name] = ground.user(
            first or None,
            last,
            _free_address(person.name, users),
            "Sales Rep" if person.manager else "Sales Manager",
            UserRoleId=role["Id"],
            Department=person.office,
            Title="Sales Agent" if person.manager else "Regional Sales Manager",
            CreatedDate=founded,
        )
    for person in people.values():
        if person.manager:
            manager_id = users[person.manager]["Id"]
            changed = org.store.update("User", users[person.name]["Id"], ManagerId=manager_id)
            users[person.name] = changed
    return users


def _role(ground: Ground, roles: dict[str, Row], person: Person) -> Row:
    head = roles.get("Head of Sales") or ground.role("Head of Sales")
    roles["Head of Sales"] = head
    manager_role = f"{person.office} Sales Manager"
    if manager_role not in roles:
        roles[manager_role] = ground.role(manager_role, head)
    if person.manager is None:
        return roles[manager_role]
    agent_role = f"{person.office} Sales Rep"
    if agent_role not in roles:
        roles[agent_role] = ground.role(agent_role, roles[manager_role])
    return roles[agent_role]


def _free_address(name: str, users: dict[str, Row]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    local = ".".join(re.findall(r"[a-z0-9]+", plain)) or "user"
    taken = {row["Email"] for row in users.values()}
    address, number = f"{local}@{DOMAIN}", 1
    while address in taken:
        number += 1
        address = f"{local}{number}@{DOMAIN}"
    return address


def _make_accounts(org: DemoOrg, lines: dict[str, Line]) -> dict[str, Row]:
    made: dict[str, Row] = {}
    founded = org.store.rows("Organization")[0]["CreatedDate"]
    for name, line in lines.items():
        revenue = line.number_("revenue")
        made[name] = org.insert(
            "Account",
            Name=name,
            Industry=line.text("sector").title() or None,
            AnnualRevenue=None if revenue is None else revenue * 1_000_000,
            NumberOfEmployees=line.whole("employees"),
            BillingCountry=line.text("office_location") or None,
            OwnerId=org.integration_user_id,
            CreatedDate=founded,
        )
    for name, line in lines.items():
        if parent := line.text("subsidiary_of"):
            org.store.restore("Account", made[name] | {"ParentId": made[parent]["Id"]})
    return made


def _shift(deals: list[Deal], today: date) -> timedelta:
    """Whole weeks, so that the newest close falls into the week (Monday to Sunday) before this."""
    newest = max((deal.closed for deal in deals if deal.closed), default=None)
    if newest is None:
        return timedelta()
    this_monday = today - timedelta(days=today.weekday())
    return this_monday - timedelta(days=7) - (newest - timedelta(days=newest.weekday()))


def _make_deal(
    org: DemoOrg,
    number: int,
    deal: Deal,
    shift: timedelta,
    users: dict[str, Row],
    accounts: dict[str, Row],
) -> None:
    engaged = deal.engaged + shift if deal.engaged else None
    closes = deal.closed + shift if deal.closed else (engaged or org.today()) + OPEN_FOR
    now = org.store.now()
    created = min(_at_work(engaged, number), now) if engaged else now
    closed = _at_work(deal.closed + shift, number) if deal.closed else created
    org.store.insert(
        "Opportunity",
        users[deal.agent]["Id"],
        Name=deal.title,
        AccountId=accounts[deal.account]["Id"] if deal.account else None,
        OwnerId=users[deal.agent]["Id"],
        StageName=deal.stage,
        Amount=deal.value,
        CloseDate=closes,
        SourceId__c=deal.key,
        CreatedDate=created,
        LastModifiedDate=max(created, min(closed, now)),
    )


def _at_work(day: date, number: int) -> datetime:
    """A moment of that day's working hours, the same whenever the same file is loaded."""
    seconds = number * 37 % WORKDAY_SECONDS
    return datetime.combine(day, WORKDAY_STARTS) + timedelta(seconds=seconds)
