"""What an object looks like, as far as the connecting user may see it, and whom that affects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone

from integrations.models import Connection, Watermark, Workflow
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, TransientError
from integrations.salesforce.soql import select

from .fields import (
    FieldSet,
    UnusableRecord,
    field_labels,
    field_set,
    field_types,
    find,
    wanted_fields,
)

#: A field that disappears shows itself by an error; one that comes back is seen by then.
DESCRIBED_ANEW = timedelta(hours=1)
State = Workflow.State
FOLLOWED = (State.ON, State.NEEDS_ATTENTION)


def objects_in_use(connection: Connection) -> list[str]:
    """The objects that some workflow follows."""
    names = _followed(connection).values_list("object_name", flat=True)
    return sorted(names.distinct())


def followed_connections() -> models.QuerySet[Connection]:
    """Those with access of which some workflow follows an object."""
    followed = Workflow.objects.filter(connection=models.OuterRef("pk"), state__in=FOLLOWED)
    return Connection.objects.filter(
        models.Exists(followed), state__in=Connection.STATES_WITH_ACCESS
    )


def _fields_in_use(
    client: SalesforceClient, connection: Connection, object_name: str, *, anew: bool = False
) -> FieldSet:
    """The fields to ask the object for: those its workflows need, as far as there are such.

    A workflow one of whose fields is missing needs attention, until the field is back; the others
    go on. Raises SalesforceError.
    """
    mark = watermark(connection, object_name)
    workflows = list(
        _followed(connection).filter(object_name=object_name).prefetch_related("conditions")
    )
    wanted = {name for one in workflows for name in wanted_fields(one)}
    known = mark.field_types
    if anew or _is_old(mark) or any(find(name, known) is None for name in wanted):
        described = _describe(client, object_name, workflows)
        known = field_types(described)
        Watermark.objects.filter(pk=mark.pk).update(
            field_types=known, field_labels=field_labels(described), described_at=timezone.now()
        )
        _tell_what_is_missing(workflows, known)
    try:
        return field_set(object_name, wanted, known)
    except UnusableRecord as error:
        _need_attention(workflows, str(error))
        raise ConfigurationError(str(error), object_name=object_name) from error


def with_fields_in_use(
    client: SalesforceClient,
    connection: Connection,
    object_name: str,
    read: Callable[[FieldSet], None],
) -> None:
    """Read with the fields in use; once more where Salesforce meanwhile has one of them no more.

    Raises SalesforceError.
    """
    fields = _fields_in_use(client, connection, object_name)
    try:
        read(fields)
    except ConfigurationError as error:
        if error.code != "INVALID_FIELD":
            raise
        read(_fields_in_use(client, connection, object_name, anew=True))


def known_field_set(connection: Connection, object_name: str) -> str:
    """The digest of the fields that would be asked for, by the last describe; empty if unknown."""
    known = watermark(connection, object_name).field_types
    followed = _followed(connection).filter(object_name=object_name)
    wanted = {
        name for one in followed.prefetch_related("conditions") for name in wanted_fields(one)
    }
    if not known or any(find(name, known) is None for name in wanted):
        return ""
    return field_set(object_name, wanted, known).digest


def labels_of(connection: Connection, object_name: str) -> Mapping[str, str]:
    """What people call the object's fields, by their names; empty until it was described."""
    marks = Watermark.objects.filter(connection=connection, object_name=object_name)
    return marks.values_list("field_labels", flat=True).first() or {}


def remember_labels(connection: Connection, object_name: str, described: Mapping[str, Any]) -> None:
    """Of an object that a form asks about, perhaps long before anything of it is read."""
    mark, labels = watermark(connection, object_name), field_labels(described)
    if mark.field_labels != labels:
        mark.field_labels = labels
        mark.save(update_fields=["field_labels"])


def watermark(connection: Connection, object_name: str) -> Watermark:
    return Watermark.objects.get_or_create(
        connection=connection,
        object_name=object_name,
        defaults={"company_id": connection.company_id},
    )[0]


def begun_watermark(
    client: SalesforceClient, connection: Connection, object_name: str
) -> Watermark:
    """The object's watermark; a new one begins now, by Salesforce's clock."""
    mark = watermark(connection, object_name)
    if mark.read_until is None:
        if client.server_time is None:
            client.first_page(select(["Id"], object_name, limit=1))
        if client.server_time is None:
            raise TransientError("Salesforce did not say what time it is. It is asked again.")
        mark.read_until = mark.covers_from = client.server_time
        mark.save(update_fields=["read_until", "covers_from"])
    return mark


def _followed(connection: Connection) -> models.QuerySet[Workflow]:
    return Workflow.objects.filter(connection=connection, state__in=FOLLOWED)


def _is_old(mark: Watermark) -> bool:
    return mark.described_at is None or timezone.now() - mark.described_at > DESCRIBED_ANEW


def _describe(
    client: SalesforceClient, object_name: str, workflows: list[Workflow]
) -> dict[str, Any]:
    try:
        return client.describe(object_name)
    except ConfigurationError as error:
        _need_attention(workflows, error.message)
        raise


def _tell_what_is_missing(workflows: list[Workflow], known: Mapping[str, str]) -> None:
    for workflow in workflows:
        missing = [name for name in wanted_fields(workflow) if find(name, known) is None]
        if missing:
            _need_attention(
                [workflow],
                f"Salesforce shows no field {missing[0]} of {workflow.object_name} any more. Its"
                " reports stay. Choose another field, or let the connecting user read this one.",
            )
        elif workflow.state == State.NEEDS_ATTENTION:
            # Records that changed meanwhile are asked about, as what Salesforce changed.
            Workflow.objects.filter(pk=workflow.pk, state=State.NEEDS_ATTENTION).update(
                state=State.ON, problem="", evaluated_version=F("version") - 1
            )


def _need_attention(workflows: list[Workflow], problem: str) -> None:
    Workflow.objects.filter(pk__in=[one.pk for one in workflows], state__in=FOLLOWED).update(
        state=State.NEEDS_ATTENTION, problem=problem
    )
