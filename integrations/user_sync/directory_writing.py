"""Bringing the mirror of Salesforce users up to date, all at once. No row is ever deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from accounts import bulk_writer
from integrations.models import Connection, DirectoryUser

from .directory_reading import MOMENTS, TEXTS, Answer

#: An answer that misses more than both of these stops, and asks a person.
MISSING_SHARE = 0.10
MISSING_PEOPLE = 5

COMPARED = (*TEXTS, *MOMENTS, "is_active", "is_frozen", "missing_since", "extra", "can_open_tab")
KEY = ("connection", "salesforce_id")
FIELDS = ("company", *KEY, *COMPARED, "ignored_reason", "refreshed_at")


@dataclass(frozen=True)
class Mirror:
    """Whom the mirror holds now."""

    visible: frozenset[str]
    frozen: frozenset[str]

    @classmethod
    def of(cls, connection: Connection) -> Mirror:
        rows = DirectoryUser.objects.filter(connection=connection, missing_since__isnull=True)
        known = list(rows.values_list("salesforce_id", "is_frozen"))
        return cls(
            frozenset(salesforce_id for salesforce_id, _ in known),
            frozenset(salesforce_id for salesforce_id, is_frozen in known if is_frozen),
        )


def why_hold(answer: Answer, mirror: Mirror) -> str | None:
    """Why a person must look at this answer before it is believed; ``None`` for a usual one."""
    if not answer.people:
        return (
            "Salesforce answered with no users at all, not even the connecting user. Nothing was"
            " changed. Check in Salesforce what the connecting user may see, then refresh again."
        )
    missing = len(mirror.visible - answer.people.keys())
    if missing <= MISSING_PEOPLE or missing <= MISSING_SHARE * len(mirror.visible):
        return None
    return (
        f"{missing} of {len(mirror.visible)} Salesforce users are missing from Salesforce's"
        " answer. Nothing was changed. Check in Salesforce whether the connecting user still has"
        " “View All Users”; if this is right, accept the shorter list."
    )


@dataclass(frozen=True)
class Written:
    added: int
    changed: int
    missing: int


def write(connection: Connection, answer: Answer, mirror: Mirror, now: datetime) -> Written:
    """Write what differs. A second time with the same answer writes nothing."""
    frozen = mirror.frozen if answer.frozen is None else answer.frozen
    written = bulk_writer.upsert(
        DirectoryUser,
        FIELDS,
        (
            _row(connection, values, values["salesforce_id"] in frozen, _may(values, answer), now)
            for values in answer.people.values()
        ),
        key=KEY,
        unless_same=COMPARED,
        keep=("ignored_reason",),
    )
    gone = mirror.visible - answer.people.keys()
    missing = DirectoryUser.objects.filter(
        connection=connection, salesforce_id__in=gone, missing_since__isnull=True
    ).update(missing_since=now)
    note_leavers(connection, now)
    return Written(written.added, written.changed, missing)


def write_one(connection: Connection, values: dict[str, Any], now: datetime) -> DirectoryUser:
    """Keep one user who was read alone."""
    bulk_writer.upsert(
        DirectoryUser,
        FIELDS,
        [_row(connection, values, False, None, now)],
        key=KEY,
        unless_same=COMPARED,
        keep=("ignored_reason",),
    )
    return DirectoryUser.objects.get(connection=connection, salesforce_id=values["salesforce_id"])


def note_leavers(connection: Connection, now: datetime) -> None:
    """When each leaver was first found to have left, and who of them came back."""
    people = DirectoryUser.objects.filter(connection=connection)
    people.filter(is_active=False, left_at__isnull=True).update(left_at=now)
    people.filter(is_active=True, left_at__isnull=False).update(
        left_at=None, account_kept_at=None, account_kept_by=None
    )


def _may(values: dict[str, Any], answer: Answer) -> bool | None:
    return None if answer.with_tab is None else values["salesforce_id"] in answer.with_tab


def _row(
    connection: Connection,
    values: dict[str, Any],
    is_frozen: bool,
    can_open_tab: bool | None,
    now: datetime,
) -> tuple[Any, ...]:
    return (
        connection.company_id,
        connection.pk,
        values["salesforce_id"],
        *(values[name] for name in (*TEXTS, *MOMENTS, "is_active")),
        is_frozen,
        None,
        Jsonb(values["extra"]),
        can_open_tab,
        "",
        now,
    )
