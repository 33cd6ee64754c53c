"""Whether the connecting user may see what is needed: named one by one, with what breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from integrations.connecting.requirements import OBJECTS, VITAL_FIELDS, ObjectRead
from integrations.models import Connection
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.soql import literal, literals, select

_PERMISSION_SET = "Add it to a permission set of the connecting user in Salesforce."


@dataclass(frozen=True)
class Finding:
    """One line of the check. An error stops something; a warning leaves something out."""

    level: Literal["good", "warning", "error"]
    title: str
    breaks: str = ""
    fix: str = ""


def findings(connection: Connection, client: SalesforceClient) -> list[Finding]:
    """Everything that was looked at, good and bad. Raises SalesforceError when nothing could be."""
    try:
        permissions = _user_permissions(client)
    except ConfigurationError as error:
        if not error.code.startswith("API_"):
            raise
        return [
            Finding(
                "error",
                "The permission “API Enabled” is missing",
                "Nothing can be read from Salesforce.",
                _PERMISSION_SET,
            )
        ]
    return [
        Finding("good", "API Enabled"),
        *_the_user_itself(connection, client),
        _view_all_users(permissions),
        *(finding for needed in OBJECTS for finding in _readable(needed, client)),
        *_other_peoples_records(connection, client, permissions),
    ]


def _user_permissions(client: SalesforceClient) -> set[str]:
    """The asking user's own permissions from all of its sets; needs no right to see the set-up."""
    names = ("PermissionsViewAllUsers", "PermissionsViewAllData", "PermissionsModifyAllData")
    page = client.first_page(select(names, "UserPermissionAccess"))
    return {name for row in page.rows for name in names if row[name]}


def _the_user_itself(connection: Connection, client: SalesforceClient) -> Iterator[Finding]:
    user_id = literal(connection.connecting_user_id)
    name = connection.connecting_user_name
    users = client.first_page(select(["IsActive"], "User", where=f"Id = {user_id}")).rows
    if users and not users[0]["IsActive"]:
        yield Finding(
            "error",
            f"{name}, the connecting user, is inactive in Salesforce",
            "Salesforce stops answering as soon as the present session ends.",
            "Activate the user, or change the connecting user.",
        )
    try:
        logins = client.first_page(select(["IsFrozen"], "UserLogin", where=f"UserId = {user_id}"))
    except ConfigurationError:
        return  # only users who may manage users can see this
    if any(row["IsFrozen"] for row in logins.rows):
        yield Finding(
            "error",
            f"{name}, the connecting user, is frozen in Salesforce",
            "Salesforce stops answering as soon as the present session ends.",
            "Unfreeze the user, or change the connecting user.",
        )


def _view_all_users(permissions: set[str]) -> Finding:
    if "PermissionsViewAllUsers" in permissions:
        return Finding("good", "View All Users")
    return Finding(
        "warning",
        "The permission “View All Users” is missing",
        "People whom this user does not see are missing from the list of Salesforce users.",
        _PERMISSION_SET,
    )


def _readable(needed: ObjectRead, client: SalesforceClient) -> Iterator[Finding]:
    try:
        described = client.describe(needed.name)
    except ConfigurationError:
        yield Finding(
            "error",
            f"{needed.plural.capitalize()} can't be read",
            needed.breaks,
            f"Give “Read” on {needed.name} in a permission set of the connecting user.",
        )
        return
    visible = {field["name"] for field in described["fields"]}
    missing = [name for name in needed.fields if name not in visible]
    for name in missing:
        yield Finding(
            "error" if name in VITAL_FIELDS else "warning",
            f"The field {needed.name}.{name} can't be read",
            needed.breaks if name in VITAL_FIELDS else f"It stays empty for all {needed.plural}.",
            f"Give read access to {name} in a permission set of the connecting user.",
        )
    if not missing:
        yield Finding("good", f"Read {needed.plural}")


def _other_peoples_records(
    connection: Connection, client: SalesforceClient, permissions: set[str]
) -> Iterator[Finding]:
    everything = permissions & {"PermissionsViewAllData", "PermissionsModifyAllData"}
    seen_whole = set() if everything else _objects_seen_whole(connection, client)
    for needed in OBJECTS:
        if not needed.view_all:
            continue
        if everything or needed.name in seen_whole:
            yield Finding("good", f"View all {needed.plural}")
            continue
        yield Finding(
            "warning",
            f"“{needed.view_all}” is missing for {needed.plural}",
            f"This user sees only {needed.plural} shared with it; other people's "
            f"{needed.called} will be missing.",
            _PERMISSION_SET,
        )


def _objects_seen_whole(connection: Connection, client: SalesforceClient) -> set[str]:
    """Objects with “View All Records” in one of the user's permission sets, the profile's included.

    A user who may not see the set-up counts as without: the warning is then for a person to judge.
    """
    user_id = literal(connection.connecting_user_id)
    try:
        assigned = client.query(
            select(["PermissionSetId"], "PermissionSetAssignment", where=f"AssigneeId = {user_id}")
        )
        sets = [row["PermissionSetId"] for row in assigned]
        if not sets:
            return set()
        rules = client.query(
            select(
                ["SobjectType", "PermissionsViewAllRecords"],
                "ObjectPermissions",
                where=f"ParentId IN {literals(sets)}",
            )
        )
        return {rule["SobjectType"] for rule in rules if rule["PermissionsViewAllRecords"]}
    except ConfigurationError:
        return set()
