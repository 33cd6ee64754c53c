"""Who can open the tab and who did: as the list of Salesforce users shows and filters it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from integrations.models import Connection, DirectoryUser, TabVisitor
from integrations.user_sync.work import has_mapping

People = QuerySet[DirectoryUser]


@dataclass(frozen=True)
class TabAccess:
    """Of one person. ``can_open`` is None where the permission set was never deployed."""

    can_open: bool | None
    last_opened: datetime | None


def opened() -> Exists:
    """Whether a Salesforce user ever opened the tab."""
    return Exists(
        TabVisitor.objects.filter(
            connection=OuterRef("connection"), salesforce_user_id=OuterRef("salesforce_id")
        )
    )


def shut_out(connection: Connection) -> People:
    """Who has an account and works in Salesforce, but cannot open the tab there."""
    return DirectoryUser.objects.filter(
        has_mapping(),
        connection=connection,
        can_open_tab=False,
        is_active=True,
        is_frozen=False,
        missing_since__isnull=True,
    )


def access_of(connection: Connection, people: Sequence[DirectoryUser]) -> dict[int, TabAccess]:
    """By the people's primary keys, with one query."""
    visitors = TabVisitor.objects.filter(
        connection=connection, salesforce_user_id__in=[one.salesforce_id for one in people]
    )
    last = dict(visitors.values_list("salesforce_user_id", "last_opened_at"))
    return {one.pk: TabAccess(one.can_open_tab, last.get(one.salesforce_id)) for one in people}
