"""Reading all Salesforce users: every page, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.bulk_writer import storable
from integrations.models import DirectoryUser
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, PermanentError
from integrations.salesforce.ids import USER, InvalidSalesforceId, prefix, to_18
from integrations.salesforce.soql import literal, literals, select, selectable

#: Our field, and where Salesforce has it. Not taken: phones, addresses, photos, aliases.
TEXTS = {
    "username": "Username",
    "email": "Email",
    "name": "Name",
    "federation_id": "FederationIdentifier",
    "title": "Title",
    "department": "Department",
    "division": "Division",
    "time_zone": "TimeZoneSidKey",
    "profile_name": "Profile.Name",
    "license_name": "Profile.UserLicense.Name",
    "role_name": "UserRole.Name",
    "user_type": "UserType",
    "manager_id_in_salesforce": "ManagerId",
    "manager_name": "Manager.Name",
}
MOMENTS = {
    "last_login_at": "LastLoginDate",
    "created_in_salesforce_at": "CreatedDate",
    "system_modstamp": "SystemModstamp",
}
#: Without these nothing can be decided about anybody.
VITAL = ("Id", "Username", "IsActive", "UserType", "SystemModstamp")
#: The permission set of `salesforce_package`, with which people open the tab.
TAB_PERMISSION_SET = "Scoreline"
REPORTED_EVERY = 2_000
LONGEST_EXTRA = 255

_LENGTHS = {field.name: field.max_length for field in DirectoryUser._meta.concrete_fields}

Values = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """All Salesforce users that the connecting user sees: our fields, by 18-character id."""

    people: dict[str, Values]
    frozen: frozenset[str] | None  # None where the connecting user may not see it
    with_tab: frozenset[str] | None  # None where nobody can say who may open the tab


def expected_users(client: SalesforceClient) -> int:
    return client.first_page("SELECT COUNT() FROM User").total_size


def read_users(
    client: SalesforceClient, on_progress: Callable[[int], None], extra: Sequence[str] = ()
) -> Answer:
    """Raises SalesforceError. A user who comes twice, since pages shift, counts once.

    ``extra`` names further fields, which rules need; those that there are not are left out.
    """
    fields = ["Id", "IsActive", *TEXTS.values(), *MOMENTS.values(), *extra]
    selection = selectable(fields, client.describe("User"))
    for name in VITAL:
        if name in selection.missing:
            raise ConfigurationError(
                f"The connecting user may not read the field {name} of Salesforce users, and"
                " nothing can be done without it: check the field-level security in Salesforce.",
                field=name,
                object_name="User",
            )
    people: dict[str, Values] = {}
    for number, row in enumerate(client.query(select(selection.available, "User")), 1):
        person = user_values(row, extra)
        known = people.get(person["salesforce_id"])
        if known is None or known["system_modstamp"] <= person["system_modstamp"]:
            people[person["salesforce_id"]] = person
        if number % REPORTED_EVERY == 0:
            on_progress(number)
    on_progress(len(people))
    return Answer(people, _frozen(client), _with_tab(client))


def _frozen(client: SalesforceClient) -> frozenset[str] | None:
    """UserLogin has no relationship to User, and only who may manage users sees it."""
    query = select(["UserId"], "UserLogin", where="IsFrozen = true")
    try:
        return frozenset(to_18(row["UserId"]) for row in client.query(query))
    except ConfigurationError:
        return None


def _with_tab(client: SalesforceClient) -> frozenset[str] | None:
    """Who has the tab's permission set, or a group of permission sets that it is in."""
    named = select(["Id"], "PermissionSet", where=f"Name = {literal(TAB_PERMISSION_SET)}")
    try:
        sets = [row["Id"] for row in client.query(named)]
        if not sets:
            return None
        of_sets = f"PermissionSetId IN {literals(sets)}"
        grouped = select(["PermissionSetGroupId"], "PermissionSetGroupComponent", where=of_sets)
        groups = [row["PermissionSetGroupId"] for row in client.query(grouped)]
        if groups:
            of_sets += f" OR PermissionSetGroupId IN {literals(groups)}"
        assigned = select(["AssigneeId"], "PermissionSetAssignment", where=of_sets)
        return frozenset(to_18(row["AssigneeId"]) for row in client.query(assigned))
    except ConfigurationError:
        return None


def read_user(client: SalesforceClient, user_id: str, extra: Sequence[str] = ()) -> Values | None:
    """One user, as the mirror keeps it; ``None`` where there is none. Raises SalesforceError."""
    fields = ["Id", "IsActive", *TEXTS.values(), *MOMENTS.values(), *extra]
    selection = selectable(fields, client.describe("User"))
    query = select(selection.available, "User", where=f"Id = {literal(user_id)}")
    for row in client.query(query):
        return user_values(row, extra)
    return None


def user_values(row: Mapping[str, Any], extra: Sequence[str] = ()) -> Values:
    """A user of Salesforce's answer, as the mirror keeps it."""
    return {
        "salesforce_id": _user_id(row),
        "is_active": bool(row["IsActive"]),
        **{name: _text(name, _at(row, path)) for name, path in TEXTS.items()},
        **{name: _moment(_at(row, path)) for name, path in MOMENTS.items()},
        "extra": {path: _extra_text(_at(row, path)) for path in extra},
    }


def _user_id(row: Mapping[str, Any]) -> str:
    try:
        user_id = to_18(str(row["Id"]))
    except (InvalidSalesforceId, KeyError) as error:
        raise _odd_answer(str(error)) from error
    if prefix(user_id) != USER:
        raise _odd_answer(f"{user_id} is no user")
    return user_id


def _at(row: Mapping[str, Any], path: str) -> Any:
    """The value behind a path such as Profile.Name; ``None`` where a parent is missing."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(name: str, value: Any) -> str:
    text = storable(str(value or "")).strip()[: _LENGTHS[name]]
    return to_18(text) if text and name == "manager_id_in_salesforce" else text


def _extra_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else storable(str(value)).strip()[:LONGEST_EXTRA]


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if value else None
    except (TypeError, ValueError) as error:
        raise _odd_answer(f"{value!r} is not a time") from error


def _odd_answer(detail: str) -> PermanentError:
    return PermanentError(
        "Salesforce answered with a user that makes no sense. Nothing was taken from the answer."
        " Please tell support.",
        detail=detail,
    )
