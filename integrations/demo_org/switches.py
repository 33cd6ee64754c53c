"""What a fault does to the org itself, and how it is taken back."""

from typing import TYPE_CHECKING, Any

from .fault_types import Switch, Undo, UnknownFault
from .schema import find_object

if TYPE_CHECKING:
    from .org import DemoOrg

MOVED_HOST = "localhost"


def expire_tokens(org: "DemoOrg") -> None:
    org.authority.expire()


def revoke_grants(org: "DemoOrg") -> None:
    for grant in org.authority.grants:
        org.authority.revoke_grant(grant)


def rotate(org: "DemoOrg", value: str) -> Undo:
    org.authority.rotation = True

    def undo() -> None:
        org.authority.rotation = False

    return undo


def deactivate(org: "DemoOrg", value: str) -> Undo:
    user_id = org.user(value)["Id"] if value else org.connecting_user_id
    org.update("User", user_id, IsActive=False)

    def undo() -> None:
        org.update("User", user_id, IsActive=True)

    return undo


def freeze(org: "DemoOrg", value: str) -> Undo:
    user_id = org.connecting_user_id
    login = next(row for row in org.store.rows("UserLogin") if row["UserId"] == user_id)
    org.update("UserLogin", login["Id"], IsFrozen=True)

    def undo() -> None:
        org.update("UserLogin", login["Id"], IsFrozen=False)

    return undo


def move(org: "DemoOrg", value: str) -> Undo:
    org.moved_to = org.url.replace("127.0.0.1", MOVED_HOST)

    def undo() -> None:
        org.moved_to = None

    return undo


def hide_field(org: "DemoOrg", value: str) -> Undo:
    object_name, _, field_name = value.partition(".")
    sobject = find_object(object_name)
    field = sobject.by_name.get(field_name.lower()) if sobject else None
    if sobject is None or field is None:
        raise UnknownFault(f"There is no field {value!r}; write it as Object.Field.")
    hidden = org.hidden_fields.setdefault(org.connecting_user_id, set())
    hidden.add(f"{sobject.name}.{field.name}")
    return hidden.clear


def without(**lost: bool) -> Switch:
    """Take system permissions from every permission set of the connecting user."""

    def switch(org: "DemoOrg", value: str) -> Undo:
        return _change_rows(org, "PermissionSet", "Id", "", lost)

    return switch


def no_view_all(org: "DemoOrg", value: str) -> Undo:
    # Activities have no View All Records of their own: they need View All Data, and that
    # would grant the other objects too, so it goes in any case.
    undo_data = _change_rows(
        org,
        "PermissionSet",
        "Id",
        "",
        {"PermissionsViewAllData": False, "PermissionsModifyAllData": False},
    )
    lost = {"PermissionsViewAllRecords": False, "PermissionsModifyAllRecords": False}
    undo_object = _change_rows(org, "ObjectPermissions", "ParentId", value, lost)

    def undo() -> None:
        undo_object()
        undo_data()

    return undo


def no_read(org: "DemoOrg", value: str) -> Undo:
    lost = dict.fromkeys(
        ("PermissionsRead", "PermissionsViewAllRecords", "PermissionsModifyAllRecords"), False
    )
    return _change_rows(org, "ObjectPermissions", "ParentId", value, lost)


def _change_rows(
    org: "DemoOrg", table: str, key: str, object_name: str, changes: dict[str, Any]
) -> Undo:
    assigned = {
        row["PermissionSetId"]
        for row in org.store.rows("PermissionSetAssignment")
        if row["AssigneeId"] == org.connecting_user_id
    }
    before = [
        row
        for row in org.store.rows(table)
        if row[key] in assigned and row.get("SobjectType", "") == object_name
    ]
    for row in before:
        org.update(table, row["Id"], **changes)

    def undo() -> None:
        for row in before:
            org.store.restore(table, row)

    return undo
