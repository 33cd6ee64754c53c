"""What every org has before anybody sells anything: licences, profiles, permissions, one app user.

Everybody's permissions are in permission sets, as in Salesforce: a profile owns one.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

DOMAIN = "maventech.example"
TAB_PERMISSION_SET = "Scoreline"
LICENCES = {
    "Salesforce": "SFDC",
    "Salesforce Platform": "AUL",
    "Salesforce Integration": "INTEGRATION",
    "Chatter Free": "CHATTER_FREE",
    "Partner Community": "PID_Partner_Community",
    "Guest User License": "GUEST",
}
_REP = ("PermissionsApiEnabled", "PermissionsViewAllUsers", "PermissionsViewSetup")
_ADMIN = (*_REP, "PermissionsViewAllData", "PermissionsModifyAllData")
# profile: its licence, the user type it gives, its system permissions, what it does on objects
PROFILES = {
    "System Administrator": ("Salesforce", "Standard", _ADMIN, "all"),
    "Sales Rep": ("Salesforce", "Standard", _REP, "own"),
    "Sales Manager": ("Salesforce", "Standard", _REP, "own"),
    "Minimum Access - API Only Integrations": ("Salesforce Integration", "Standard", (), ""),
    "Standard Platform User": ("Salesforce Platform", "Standard", _REP, "own"),
    "Chatter Free User": ("Chatter Free", "CsnOnly", (), ""),
    "Partner Community User": ("Partner Community", "PowerPartner", (), "own"),
    "Guest Profile": ("Guest User License", "Guest", (), ""),
    "Automated Process": ("Salesforce", "AutomatedProcess", (), ""),
}


class Ground:
    """Makes users on the ground that `lay_ground` laid."""

    def __init__(self, org: "DemoOrg", profiles: dict[str, Row], tab: Row) -> None:
        self.org = org
        self.profiles = profiles
        self.tab = tab

    def role(self, name: str, parent: Row | None = None) -> Row:
        developer_name = name.replace(" ", "_")
        parent_id = parent["Id"] if parent else None
        return self.org.insert(
            "UserRole", Name=name, DeveloperName=developer_name, ParentRoleId=parent_id
        )

    def user(
        self,
        first: str | None,
        last: str,
        email: str,
        profile: str,
        *,
        tab: bool = True,
        **more: Any,
    ) -> Row:
        """Make a user with the profile's type and permissions; `tab`: may open our tab.

        What is given in `more` goes before what is made up.
        """
        own_profile = self.profiles[profile]
        row = self.org.insert("User", **(_made_up(first, last, email, own_profile) | more))
        self.org.insert("UserLogin", UserId=row["Id"])
        self.assign(row, self._set_of(own_profile))
        if tab:
            self.assign(row, self.tab)
        return row

    def assign(self, user: Row, permission_set: Row) -> None:
        self.org.insert(
            "PermissionSetAssignment",
            PermissionSetId=permission_set["Id"],
            AssigneeId=user["Id"],
        )

    def _set_of(self, profile: Row) -> Row:
        sets = self.org.store.rows("PermissionSet")
        return next(row for row in sets if row["ProfileId"] == profile["Id"])


def _made_up(first: str | None, last: str, email: str, profile: Row) -> dict[str, Any]:
    return {
        "Username": email.lower(),
        "FirstName": first,
        "LastName": last,
        "Email": email,
        "Alias": f"{(first or '')[:1]}{last[:4]}".lower(),
        "CommunityNickname": f"{(first or '')[:1]}{last}"[:40],
        "IsActive": True,
        "ProfileId": profile["Id"],
        "UserType": profile["UserType"],
        "TimeZoneSidKey": "America/Chicago",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "CompanyName": "Maventech",
    }


def lay_ground(org: "DemoOrg", company: str) -> Ground:
    """Make the organization, its profiles and the integration user."""
    founded = org.store.now() - timedelta(days=900)
    _organization(org, company, founded)
    profiles = _profiles(org, founded)
    tab = org.insert(
        "PermissionSet",
        Name=TAB_PERMISSION_SET,
        Label="Scoreline",
        Description="Opens the Scoreline tab",
        IsCustom=True,
        CreatedDate=founded,
    )
    ground = Ground(org, profiles, tab)
    _integration_user(org, ground, founded)
    return ground


def _organization(org: "DemoOrg", company: str, founded: datetime) -> None:
    org.insert(
        "Organization",
        Name=company,
        Country="US",
        OrganizationType="Enterprise Edition",
        InstanceName="DEMO1",
        TimeZoneSidKey="America/Chicago",
        DefaultLocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        FiscalYearStartMonth=1,
        CreatedDate=founded,
    )
    org.org_id = org.store.rows("Organization")[0]["Id"]


def _profiles(org: "DemoOrg", founded: datetime) -> dict[str, Row]:
    licences = {name: _licence(org, name, key, founded) for name, key in LICENCES.items()}
    profiles = {}
    for name, (licence, user_type, permissions, objects) in PROFILES.items():
        granted = dict.fromkeys(permissions, True)
        profile = org.insert(
            "Profile",
            Name=name,
            UserLicenseId=licences[licence]["Id"],
            UserType=user_type,
            CreatedDate=founded,
            **granted,
        )
        owned = org.insert(
            "PermissionSet",
            Name=f"X{profile['Id'][:15]}",
            Label=name,
            IsOwnedByProfile=True,
            ProfileId=profile["Id"],
            CreatedDate=founded,
            **granted,
        )
        if objects:
            allow_objects(org, owned, see_all=objects == "all")
        profiles[name] = profile
    return profiles


def _licence(org: "DemoOrg", name: str, definition: str, founded: datetime) -> Row:
    return org.store.insert(
        "UserLicense",
        Name=name,
        MasterLabel=name,
        LicenseDefinitionKey=definition,
        Status="Active",
        TotalLicenses=100,
        CreatedDate=founded,
    )


def allow_objects(org: "DemoOrg", permission_set: Row, *, see_all: bool) -> None:
    for object_name in ("Account", "Opportunity"):
        org.insert(
            "ObjectPermissions",
            ParentId=permission_set["Id"],
            SobjectType=object_name,
            PermissionsRead=True,
            PermissionsCreate=True,
            PermissionsEdit=True,
            PermissionsDelete=True,
            PermissionsViewAllRecords=see_all,
        )


def _integration_user(org: "DemoOrg", ground: Ground, founded: datetime) -> None:
    row = ground.user(
        "Scoreline",
        "Integration",
        f"integration@{DOMAIN}",
        "Minimum Access - API Only Integrations",
        tab=False,
        Alias="integ",
        Title="Integration user",
        CreatedDate=founded,
    )
    org.integration_user_id = row["Id"]
    access = org.insert(
        "PermissionSet",
        Name="Scoreline_Integration",
        Label="Scoreline Integration",
        Description="What the integration user needs",
        IsCustom=True,
        PermissionsApiEnabled=True,
        PermissionsViewAllUsers=True,
        PermissionsViewAllData=True,
        PermissionsViewSetup=True,
        CreatedDate=founded,
    )
    allow_objects(org, access, see_all=True)
    ground.assign(row, access)
