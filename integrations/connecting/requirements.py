"""What the connecting user must be able to see in Salesforce, and what breaks where it is not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectRead:
    """An object that is read, with the fields of it that are used."""

    name: str
    plural: str
    fields: tuple[str, ...]
    breaks: str
    #: What people call them.
    called: str = ""
    #: What everybody else's records need: an object permission, a user permission, or nothing.
    view_all: str = "View All Records"


USER = ObjectRead(
    "User",
    "users",
    (
        "Id",
        "Name",
        "Username",
        "Email",
        "IsActive",
        "UserType",
        "FederationIdentifier",
        "Title",
        "Department",
        "Division",
        "TimeZoneSidKey",
        "ProfileId",
        "UserRoleId",
        "ManagerId",
        "LastLoginDate",
        "CreatedDate",
        "SystemModstamp",
    ),
    breaks="Nobody can be imported.",
    view_all="",
)
OPPORTUNITY = ObjectRead(
    "Opportunity",
    "opportunities",
    (
        "Id",
        "Name",
        "OwnerId",
        "StageName",
        "Amount",
        "CloseDate",
        "IsClosed",
        "IsWon",
        "IsPrivate",
        "IsDeleted",
        "SystemModstamp",
    ),
    breaks="No deals appear.",
    called="deals",
)
# Salesforce has no object permission for other people's activities, only View All Data.
TASK = ObjectRead(
    "Task",
    "tasks",
    (
        "Id",
        "OwnerId",
        "Subject",
        "Status",
        "TaskSubtype",
        "ActivityDate",
        "IsClosed",
        "IsDeleted",
        "SystemModstamp",
    ),
    breaks="No calls and tasks appear.",
    called="calls and tasks",
    view_all="View All Data",
)
EVENT = ObjectRead(
    "Event",
    "events",
    (
        "Id",
        "OwnerId",
        "Subject",
        "StartDateTime",
        "ActivityDate",
        "IsPrivate",
        "IsChild",
        "IsDeleted",
        "SystemModstamp",
    ),
    breaks="No meetings appear.",
    called="meetings",
    view_all="View All Data",
)
ACCOUNT = ObjectRead(
    "Account",
    "accounts",
    ("Id", "Name"),
    breaks="Deals appear without their customer.",
    called="customers",
)

OBJECTS = (USER, OPPORTUNITY, TASK, EVENT, ACCOUNT)
#: Without these fields of an object nothing of it can be used.
VITAL_FIELDS = frozenset({"Id", "OwnerId", "Username", "IsActive", "SystemModstamp"})
