"""The objects of the org: exact field casing, types, labels and references."""

from . import people, permissions, sales
from .fields import Field, SObject

OBJECTS: dict[str, SObject] = {
    sobject.name: sobject
    for sobject in (
        sales.ACCOUNT,
        sales.EVENT,
        people.GROUP,
        people.NAME,
        permissions.OBJECT_PERMISSIONS,
        sales.OPPORTUNITY,
        people.ORGANIZATION,
        permissions.PERMISSION_SET,
        permissions.PERMISSION_SET_ASSIGNMENT,
        permissions.PERMISSION_SET_GROUP,
        permissions.PERMISSION_SET_GROUP_COMPONENT,
        people.PROFILE,
        sales.TASK,
        people.USER,
        people.USER_LICENSE,
        people.USER_LOGIN,
        permissions.USER_PERMISSION_ACCESS,
        people.USER_ROLE,
    )
}
_BY_LOWER_NAME = {name.lower(): sobject for name, sobject in OBJECTS.items()}
_BY_PREFIX = {sobject.prefix: sobject for sobject in OBJECTS.values() if sobject.prefix}

__all__ = ["OBJECTS", "Field", "SObject", "find_object", "object_of_id"]


def find_object(name: str) -> SObject | None:
    """Salesforce takes an object's name in any case."""
    return _BY_LOWER_NAME.get(name.lower())


def object_of_id(record_id: str) -> SObject | None:
    return _BY_PREFIX.get(record_id[:3])
