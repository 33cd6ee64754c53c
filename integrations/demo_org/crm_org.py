"""The org of a company that came in CSV files."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from .crm_csv import Deal, Person, read
from .csv_files import Line
from .ground import DOMAIN, Ground, lay_ground
from .org import DemoOrg
from .store import Row

OPEN_FOR = timedelta(days=90)
WORKDAY_STARTS = time(8, tzinfo=UTC)
WORKDAY_SECONDS = 10 * 3600


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
