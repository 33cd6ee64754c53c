"""The fields of a Salesforce object as a form offers them, by their labels and types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from integrations.credentials import client_for
from integrations.models import Connection, Watermark
from integrations.record_sync.describing import remember_labels
from integrations.record_sync.fields import NUMBERS, field_labels
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS

DESCRIBED_FOR = 600  # seconds
#: Where Salesforce did not answer, the next pages don't wait for it either.
ASKED_AGAIN_AFTER = 60  # seconds
#: What was read for the poll is good enough to choose from while Salesforce cannot be asked.
STILL_FRESH = timedelta(days=1)
#: Objects that a company's work is in, offered also where Salesforce cannot be asked.
USUAL_OBJECTS = {"Opportunity": "Opportunity", "Task": "Task", "Event": "Event", "Lead": "Lead"}
_UNFIT_TYPES = {"address", "location", "base64", "anyType", "complexvalue"}


@dataclass(frozen=True)
class ObjectField:
    name: str
    label: str
    type: str
    values: tuple[str, ...] = ()  # of a picklist
    is_user: bool = False

    @property
    def is_number(self) -> bool:
        return self.type in NUMBERS or self.type == "int"

    @property
    def is_date(self) -> bool:
        return self.type in ("date", "datetime")


@dataclass(frozen=True)
class ObjectFields:
    """The fields, by label; ``problem`` says why they are not Salesforce's newest word."""

    fields: tuple[ObjectField, ...]
    problem: str = ""

    def named(self, name: str) -> ObjectField | None:
        return next((one for one in self.fields if one.name == name), None)


def object_fields(connection: Connection, object_name: str) -> ObjectFields:
    """Asks Salesforce with little patience, at most once in ten minutes an object.

    Where that failed it is asked again after one.
    """
    key = f"object-fields-{connection.pk}-{object_name}"
    known: ObjectFields | None = cache.get(key)
    if known is not None:
        return known
    if not connection.has_access:
        return _as_last_read(connection, object_name, "Salesforce cannot be asked now.")
    try:
        with client_for(connection, limits=WHILE_SOMEBODY_WAITS) as client:
            answer = client.describe(object_name)
    except SalesforceError as error:
        last_read = _as_last_read(connection, object_name, error.message)
        cache.set(key, last_read, ASKED_AGAIN_AFTER)
        return last_read
    remember_labels(connection, object_name, answer)
    described = _fields(answer)
    cache.set(key, described, DESCRIBED_FOR)
    return described


def object_names(connection: Connection) -> dict[str, str]:
    """Objects that can be followed, with their labels, by label."""
    key = f"object-names-{connection.pk}"
    known: dict[str, str] | None = cache.get(key)
    if known is not None or not connection.has_access:
        return known or USUAL_OBJECTS
    try:
        with client_for(connection, limits=WHILE_SOMEBODY_WAITS) as client:
            found = _objects(client)
    except SalesforceError:
        cache.set(key, USUAL_OBJECTS, ASKED_AGAIN_AFTER)
        return USUAL_OBJECTS
    cache.set(key, found, DESCRIBED_FOR)
    return found


def _objects(client: SalesforceClient) -> dict[str, str]:
    objects = {
        one["name"]: one["label"]
        for one in client.describe_global()["sobjects"]
        if one.get("queryable") and one.get("replicateable") and one["name"] != "User"
    }
    return dict(sorted(objects.items(), key=lambda item: (item[1].lower(), item[0])))


def _fields(description: Mapping[str, Any]) -> ObjectFields:
    labels = field_labels(description)
    fields = [
        ObjectField(
            one["name"],
            labels.get(one["name"], one["name"]),
            one["type"],
            tuple(v["value"] for v in one.get("picklistValues") or () if v.get("active", True)),
            is_user=one["type"] == "reference" and "User" in (one.get("referenceTo") or ()),
        )
        for one in description["fields"]
        if one["type"] not in _UNFIT_TYPES
    ]
    return ObjectFields(_by_label(fields))


def _by_label(fields: Iterable[ObjectField]) -> tuple[ObjectField, ...]:
    return tuple(sorted(fields, key=lambda one: (one.label.lower(), one.name)))


def _as_last_read(connection: Connection, object_name: str, problem: str) -> ObjectFields:
    """As the poll keeps them: without what a lookup is of."""
    mark = Watermark.objects.filter(
        connection=connection,
        object_name=object_name,
        described_at__gt=timezone.now() - STILL_FRESH,
    ).first()
    types, labels = (mark.field_types, mark.field_labels) if mark else ({}, {})
    fields = (
        ObjectField(name, labels.get(name, name), kind, is_user=kind == "reference")
        for name, kind in types.items()
        if not name.endswith(".") and kind not in _UNFIT_TYPES
    )
    return ObjectFields(_by_label(fields), problem)
