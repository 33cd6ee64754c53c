"""The cast: one of everybody who makes an importer think twice."""

from typing import TYPE_CHECKING, Any

from .ground import DOMAIN
from .org import Member
from .store import Row

if TYPE_CHECKING:
    from .believable import Company

Team = dict[str, Any]

# Sales people for whom the demo makes an account beforehand: the address is already taken.
EXISTING = {
    "existing_account": "already has an account here",
    "existing_logged_in": "already has an account here and has used it",
    "existing_admin": "has the address of a company admin",
}


def add_cast(company: "Company", teams: list[Team], reps: list[Row]) -> list[Row]:
    """Add the cast, name them in `org.cast`, and return those who sell."""
    for (role, why), row in zip(EXISTING.items(), reps, strict=False):
        _name(company, role, row, why)
    sellers = [
        *_same_address_twice(company, teams[0]),
        *_leaver_and_returner(company, teams[1]),
        *_recycled_address(company, teams[2]),
        *_frozen_and_without_tab(company, teams[0]),
    ]
    _not_sellers(company)
    _not_people(company)
    return sellers


def _name(company: "Company", role: str, row: Row, why: str) -> Row:
    company.org.cast[role] = Member(role, row["Id"], row["Name"], row["Email"] or "", why)
    return row


def _rep(company: "Company", team: Team, **more: Any) -> Row:
    return company.person("Sales Rep", **({"Title": "Account Executive"} | team | more))


def _same_address_twice(company: "Company", team: Team) -> list[Row]:
    first = _rep(company, team)
    address = first["Email"].title().replace("@Maventech.Example", f"@{DOMAIN}")
    second = _rep(company, team, Email=address, Username=f"second.{first['Username']}")
    why = "has the same e-mail as another user, in other letters"
    _name(company, "duplicate_email", first, why)
    _name(company, "duplicate_email_other_case", second, why)
    return [first, second]


def _leaver_and_returner(company: "Company", team: Team) -> list[Row]:
    leaver = _rep(company, team, IsActive=False)
    _name(company, "leaver", leaver, "has left: no longer active")
    names = company.name()
    old = _rep(company, team, names=names, IsActive=False)
    company.org.update("User", old["Id"], Username=f"old.{old['Username']}")
    back = {"EmployeeNumber": old["EmployeeNumber"], "CreatedDate": company.moment_ago(5, 20)}
    new = _rep(company, team, names=names, **back)
    _name(company, "returner_before", old, "left, and came back as a new user")
    _name(company, "returner", new, "came back: an inactive user has the same e-mail")
    return [leaver, old, new]


def _recycled_address(company: "Company", team: Team) -> list[Row]:
    address = f"sales.{team['Department'].split()[0].lower()}@{DOMAIN}"
    before = _rep(company, team, Email=address, IsActive=False)
    company.org.update("User", before["Id"], Username=f"old.{address}")
    after = _rep(company, team, Email=address, CreatedDate=company.moment_ago(5, 20))
    _name(company, "recycled_address_before", before, "left; the address went to somebody else")
    _name(company, "recycled_address", after, "was given the address of somebody who left")
    return [before, after]


def _frozen_and_without_tab(company: "Company", team: Team) -> list[Row]:
    frozen = _rep(company, team)
    logins = company.org.store.rows("UserLogin")
    login = next(row for row in logins if row["UserId"] == frozen["Id"])
    company.org.update("UserLogin", login["Id"], IsFrozen=True)
    _name(company, "frozen", frozen, "is active but frozen")
    without = _rep(company, team, tab=False)
    _name(company, "without_tab", without, "has no permission set for the tab")
    return [frozen, without]


def _not_sellers(company: "Company") -> None:
    admin = company.person("System Administrator", Department="IT", Title="Salesforce Admin")
    _name(company, "salesforce_admin", admin, "administers Salesforce")
    platform = company.person("Standard Platform User", Department="Finance", Title="Controller")
    _name(company, "platform_user", platform, "has a licence without sales objects")
    partner = company.person(
        "Partner Community User",
        Email="partner@reseller.example",
        CompanyName="Reseller",
        UserRoleId=None,
        tab=False,
    )
    _name(company, "partner", partner, "works for a partner, not here")
    chatter = company.person("Chatter Free User", Department="Marketing", tab=False)
    _name(company, "chatter_user", chatter, "can only chat")


def _not_people(company: "Company") -> None:
    org, ground = company.org, company.ground
    integration = org.store.get("User", org.integration_user_id)
    assert integration is not None
    _name(company, "integration", integration, "is the app's own user")
    automated = ground.user(
        "Automated",
        "Process",
        f"autoproc@{DOMAIN}",
        "Automated Process",
        tab=False,
        CreatedDate=company.moment_ago(801, 801),
    )
    _name(company, "automated_process", automated, "is Salesforce itself")
    guest = ground.user(
        None,
        "Site Guest User",
        f"guest@{DOMAIN}",
        "Guest Profile",
        tab=False,
        CreatedDate=company.moment_ago(400, 400),
    )
    _name(company, "guest", guest, "is everybody who is not logged in")
    queue = org.insert(
        "Group", Name="Inbound Calls", DeveloperName="Inbound_Calls", Type="Queue", Email=None
    )
    _name(company, "queue", queue, "is a queue that owns tasks")
