"""The objects that say who may see what."""

from .fields import SObject, day, flag, lookup, moment, record_id, system_fields, text

PERMISSIONS = (
    flag("PermissionsApiEnabled", "API Enabled"),
    flag("PermissionsViewAllUsers", "View All Users"),
    flag("PermissionsViewAllData", "View All Data"),
    flag("PermissionsModifyAllData", "Modify All Data"),
    flag("PermissionsViewSetup", "View Setup and Configuration"),
)

PERMISSION_SET = SObject(
    "PermissionSet",
    "Permission Set",
    "Permission Sets",
    "0PS",
    (
        record_id("Permission Set"),
        text("Name", "Permission Set Name", required=True),
        text("Label", "Permission Set Label", required=True),
        text("Description", "Description", 255),
        flag("IsOwnedByProfile", "Is Owned By Profile"),
        lookup("ProfileId", "Profile ID", "Profile"),
        flag("IsCustom", "Custom"),
        *PERMISSIONS,
        *system_fields(deleted=False),
    ),
)
PERMISSION_SET_ASSIGNMENT = SObject(
    "PermissionSetAssignment",
    "Permission Set Assignment",
    "Permission Set Assignments",
    "0Pa",
    (
        record_id("Permission Set Assignment"),
        lookup("PermissionSetId", "Permission Set ID", "PermissionSet", required=True),
        lookup("PermissionSetGroupId", "Permission Set Group ID", "PermissionSetGroup"),
        lookup("AssigneeId", "Assignee ID", "User", required=True),
        day("ExpirationDate", "Expiration Date"),
        moment("SystemModstamp", "System Modstamp", required=True, writable=False),
    ),
)
PERMISSION_SET_GROUP = SObject(
    "PermissionSetGroup",
    "Permission Set Group",
    "Permission Set Groups",
    "0PG",
    (
        record_id("Permission Set Group"),
        text("DeveloperName", "API Name", required=True),
        text("MasterLabel", "Label", required=True),
        *system_fields(deleted=False),
    ),
)
PERMISSION_SET_GROUP_COMPONENT = SObject(
    "PermissionSetGroupComponent",
    "Permission Set Group Component",
    "Permission Set Group Components",
    "0PM",
    (
        record_id("Permission Set Group Component"),
        lookup("PermissionSetGroupId", "Permission Set Group ID", "PermissionSetGroup"),
        lookup("PermissionSetId", "Permission Set ID", "PermissionSet"),
        *system_fields(deleted=False),
    ),
)
OBJECT_PERMISSIONS = SObject(
    "ObjectPermissions",
    "Object Permissions",
    "Object Permissions",
    "110",
    (
        record_id("Object Permissions"),
        lookup("ParentId", "Parent ID", "PermissionSet", required=True),
        text("SobjectType", "SObject Type Name", 40, required=True),
        flag("PermissionsCreate", "Create Records"),
        flag("PermissionsRead", "Read Records"),
        flag("PermissionsEdit", "Edit Records"),
        flag("PermissionsDelete", "Delete Records"),
        flag("PermissionsViewAllRecords", "View All Records"),
        flag("PermissionsModifyAllRecords", "Modify All Records"),
        *system_fields(deleted=False),
    ),
)
# One row: what the user who asks may do, all permission sets and the profile taken together.
USER_PERMISSION_ACCESS = SObject(
    "UserPermissionAccess",
    "User Permission Access",
    "User Permission Access",
    None,
    (record_id("User Permission Access"), *PERMISSIONS),
)
