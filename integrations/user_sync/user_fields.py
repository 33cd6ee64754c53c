"""Salesforce's fields of a user by their own names, as rules use them, such as ``Profile.Name``.

Most are always mirrored. Others are read because a rule needs them (`Connection.extra_user_fields`)
and kept in `DirectoryUser.extra`. All are texts here; a checkbox is ``true`` or ``false``.

- ``describe(connection=...) -> list[UserField]`` asks Salesforce.
- ``want_field(connection=..., field=..., by=...)`` has a field read from the next refresh on.
- ``is_read(connection, field) -> bool``; ``value_of(person, field) -> str``.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.expressions import Combinable, F
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from accounts import audit
from accounts.models import User
from integrations.credentials import client_for
from integrations.models import Connection, DirectoryUser, SyncRun
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS
from integrations.salesforce.soql import checked_name

from .directory import request_refresh
from .directory_reading import TEXTS

#: Salesforce's name, and ours.
MIRRORED = {path: name for name, path in TEXTS.items()}
#: Field types whose values make no text to compare.
_UNFIT_TYPES = {"address", "location", "base64", "anyType", "complexvalue"}


@dataclass(frozen=True)
class UserField:
    name: str
    label: str
    values: tuple[str, ...] = ()  # of a picklist


def describe(connection: Connection) -> list[UserField]:
    """The fields that rules may use, by label, for a page. Raises SalesforceError."""
    with client_for(connection, limits=WHILE_SOMEBODY_WAITS) as client:
        found = client.describe("User")["fields"]
    fields = [
        UserField(
            one["name"],
            one["label"],
            tuple(value["value"] for value in one.get("picklistValues") or () if value["active"]),
        )
        for one in found
        if one["type"] not in _UNFIT_TYPES
    ]
    names = {one.name for one in fields}
    paths = {"Profile.Name": "Profile", "UserRole.Name": "Role", "Manager.Name": "Manager"}
    fields += [UserField(name, label) for name, label in paths.items() if name not in names]
    return sorted(fields, key=lambda one: (one.label.lower(), one.name))


def is_read(connection: Connection, field: str) -> bool:
    """Whether the mirror has this field, so that a rule with it can be tried at once."""
    if field in MIRRORED:
        return True
    if field not in connection.extra_user_fields or connection.directory_refreshed_at is None:
        return False
    return DirectoryUser.objects.filter(connection=connection, extra__has_key=field).exists()


def want_field(connection: Connection, *, field: str, by: User | None) -> SyncRun | None:
    """Read this field from now on; the refresh that brings it, or ``None`` if it is read already.

    Raises `RefreshRefused`, and ConfigurationError for what cannot be a field.
    """
    field = checked_name(field)
    if field in MIRRORED:
        return None
    with transaction.atomic():
        locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if field not in locked.extra_user_fields:
            locked.extra_user_fields = [*locked.extra_user_fields, field]
            locked.save(update_fields=["extra_user_fields"])
            audit.record("connection.field_added", locked, by=by, after={"field": field})
    connection.extra_user_fields = locked.extra_user_fields
    return None if is_read(connection, field) else request_refresh(connection, by=by)


def value_of(person: DirectoryUser, field: str) -> str:
    """What Salesforce says; empty also for what was never read."""
    if field in MIRRORED:
        return str(getattr(person, MIRRORED[field]))
    return str(person.extra.get(field, ""))


def column_of(field: str) -> Combinable:
    """The same for the database."""
    if field in MIRRORED:
        return F(MIRRORED[field])
    return Coalesce(KeyTextTransform(field, "extra"), Value(""), output_field=CharField())
