"""A made-up company: sales people under managers, and one of everybody who needs a decision."""

import random
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from faker import Faker

from .believable_work import add_work
from .cast import add_cast
from .ground import DOMAIN, Ground, lay_ground
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

COMPANY = "Maventech"
REGIONS = {"Central": "America/Chicago", "East": "America/New_York", "West": "America/Los_Angeles"}
TEAM_SIZE = 6


class Company:
    """Makes people with names that nobody has yet."""

    def __init__(self, org: "DemoOrg", ground: Ground, seed: int) -> None:
        self.org = org
        self.ground = ground
        self.random = random.Random(seed)  # noqa: S311 - made-up data
        self.faker = Faker("en_US")
        self.faker.seed_instance(seed)
        self._taken: set[str] = set()
        self._employee_number = 1000

    def name(self) -> tuple[str, str]:
        while True:
            first, last = self.faker.first_name(), self.faker.last_name()
            address = address_of(first, last)
            if address not in self._taken:
                self._taken.add(address)
                return first, last

    def person(self, profile: str, names: tuple[str, str] | None = None, **more: Any) -> Row:
        """A new user; what is given in `more` goes before what is made up."""
        first, last = names or self.name()
        self._employee_number += 1
        made_up = {
            "EmployeeNumber": str(self._employee_number),
            "FederationIdentifier": f"mv{self._employee_number}",
            "MobilePhone": self.faker.numerify("+1 555 01## ###"),
            "CreatedDate": self.moment_ago(30, 800),
            "LastLoginDate": self.moment_ago(0, 6),
        }
        address = more.pop("Email", address_of(first, last))
        return self.ground.user(first, last, address, profile, **(made_up | more))

    def moment_ago(self, least_days: int, most_days: int) -> Any:
        """A moment of whole seconds between so many days ago."""
        seconds = self.random.randint(least_days * 86400 + 3600, (most_days + 1) * 86400)
        return self.org.store.now() - timedelta(seconds=seconds)


def address_of(first: str, last: str) -> str:
    """first.last@ the company's domain."""
    parts = [re.sub(r"[^a-z]", "", part.lower()) for part in (first, last)]
    return f"{'.'.join(parts)}@{DOMAIN}"


def fill(org: "DemoOrg", seed: int, people: int, *, with_work: bool) -> None:
    """Fill an empty org with about `people` sales people, the cast and everybody's work."""
    company = Company(org, lay_ground(org, COMPANY), seed)
    head_role = company.ground.role("Head of Sales")
    head = company.person(
        "Sales Manager", UserRoleId=head_role["Id"], Department="Sales", Title="Head of Sales"
    )
    managers = max(3, round((people - 1) / (TEAM_SIZE + 1)))
    teams = _managers(company, head, head_role, managers)
    reps = [
        company.person("Sales Rep", **teams[n % managers], Title="Account Executive")
        for n in range(max(people - managers - 1, 0))
    ]
    cast_reps = add_cast(company, teams, reps)
    if with_work:
        add_work(company, reps + cast_reps)


def _managers(company: Company, head: Row, head_role: Row, count: int) -> list[dict[str, Any]]:
    """Make the managers; return what the people of each one's team have in common."""
    roles: dict[str, tuple[Row, Row]] = {}
    for region in REGIONS:
        manager_role = company.ground.role(f"{region} Sales Manager", head_role)
        roles[region] = (manager_role, company.ground.role(f"{region} Sales Rep", manager_role))
    teams = []
    for n in range(count):
        region = list(REGIONS)[n % len(REGIONS)]
        shared = {"Department": f"{region} Sales", "TimeZoneSidKey": REGIONS[region]}
        manager_role, rep_role = roles[region]
        manager = company.person(
            "Sales Manager",
            None,
            **shared,
            UserRoleId=manager_role["Id"],
            ManagerId=head["Id"],
            Title="Regional Sales Manager",
        )
        teams.append(shared | {"UserRoleId": rep_role["Id"], "ManagerId": manager["Id"]})
    return teams
