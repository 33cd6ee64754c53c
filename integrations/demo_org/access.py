"""What one user of the org may see: permission sets, ownership, the role hierarchy."""

from typing import TYPE_CHECKING

from .ground import TAB_PERMISSION_SET
from .schema import Field, SObject
from .schema.permissions import OBJECT_PERMISSIONS, PERMISSIONS
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

# Salesforce keeps no object permissions for activities: seeing all of them takes View All Data.
ACTIVITIES = ("Task", "Event")
_RULES = [f.name for f in OBJECT_PERMISSIONS.fields if f.name.startswith("Permissions")]


class UserAccess:
    """The access of one user, worked out once and good for one request."""

    def __init__(self, org: "DemoOrg", user_id: str, *, with_deleted: bool = False) -> None:
        self.org = org
        self.user_id = user_id
        self.with_deleted = with_deleted
        assigned = {
            row["PermissionSetId"]
            for row in org.store.rows("PermissionSetAssignment")
            if row["AssigneeId"] == user_id
        }
        sets = [row for row in org.store.rows("PermissionSet") if row["Id"] in assigned]
        self.permissions = {f.name for f in PERMISSIONS if any(row[f.name] for row in sets)}
        rules = [r for r in org.store.rows("ObjectPermissions") if r["ParentId"] in assigned]
        self._granted = {(r["SobjectType"], what) for r in rules for what in _RULES if r[what]}
        self._hidden = org.hidden_fields.get(user_id, set())
        self._team: set[str] | None = None
        self.can_open_tab = any(row["Name"] == TAB_PERMISSION_SET for row in sets)

    @property
    def api_enabled(self) -> bool:
        return "PermissionsApiEnabled" in self.permissions

    def can_read(self, sobject: SObject) -> bool:
        return not sobject.guarded or (sobject.name, "PermissionsRead") in self._granted

    def can_read_field(self, sobject: SObject, field: Field) -> bool:
        return f"{sobject.name}.{field.name}" not in self._hidden

    def sees_all(self, sobject: SObject) -> bool:
        if sobject.name == "User":
            return "PermissionsViewAllUsers" in self.permissions
        if sobject.guarded or sobject.name in ACTIVITIES:
            all_data = "PermissionsViewAllData" in self.permissions
            return all_data or (sobject.name, "PermissionsViewAllRecords") in self._granted
        return True

    def sees(self, sobject: SObject, row: Row) -> bool:
        return self.sees_all(sobject) or row[_owner_field(sobject)] in self.team

    def may(self, sobject: SObject, what: str) -> bool:
        """`what` is Create, Edit or Delete. Activities have no such permissions of their own."""
        return not sobject.guarded or (sobject.name, f"Permissions{what}") in self._granted

    def may_change(self, sobject: SObject, row: Row, what: str) -> bool:
        """Whoever owns a record, or stands above its owner, changes it, if they may at all."""
        if "PermissionsModifyAllData" in self.permissions:
            return True
        return self.may(sobject, what) and row[_owner_field(sobject)] in self.team

    def rows(self, sobject: SObject) -> list[Row]:
        if sobject.name == "UserPermissionAccess":
            return [self._permission_row(sobject)]
        rows = self.org.store.rows(sobject.name)
        if sobject.deletable and not self.with_deleted:
            rows = [row for row in rows if not (row["IsDeleted"] or row.get("IsArchived"))]
        if not self.sees_all(sobject):
            key = _owner_field(sobject)
            rows = [row for row in rows if row[key] in self.team]
        if sobject.name == "User":
            rows = self.org.faults.thinned_directory(rows)
        return rows

    @property
    def team(self) -> set[str]:
        """This user and everybody in a role below theirs."""
        if self._team is None:
            self._team = {self.user_id, *self._people_below()}
        return self._team

    def _people_below(self) -> list[str]:
        me = self.org.store.get("User", self.user_id)
        if me is None or not me["UserRoleId"]:
            return []
        roles = self.org.store.rows("UserRole")
        below: set[str] = set()
        frontier = {me["UserRoleId"]}
        while frontier:
            frontier = {role["Id"] for role in roles if role["ParentRoleId"] in frontier} - below
            below |= frontier
        return [u["Id"] for u in self.org.store.rows("User") if u["UserRoleId"] in below]

    def _permission_row(self, sobject: SObject) -> Row:
        row: Row = {f.name: f.name in self.permissions for f in sobject.fields}
        return row | {"Id": "000000000000000AAA"}


def _owner_field(sobject: SObject) -> str:
    return "Id" if sobject.name == "User" else "OwnerId"
