from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts import bulk_writer
from accounts.bulk_writer import Written, storable
from integrations.models import Heartbeat

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 13, tzinfo=UTC)


def upsert(*rows: tuple[Any, ...]) -> Written:
    return bulk_writer.upsert(Heartbeat, ("name", "at"), rows, key=("name",), unless_same=("at",))


def versions() -> dict[str, str]:
    """Which transaction wrote each row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, xmin::text || ctid::text FROM integrations_heartbeat")
        return dict(cursor.fetchall())


def test_new_rows_are_added_and_other_ones_changed() -> None:
    assert upsert(("a", NOON), ("b", NOON)) == Written(added=2, changed=0)
    assert upsert(("a", NOON), ("b", LATER), ("c", NOON)) == Written(added=1, changed=1)
    assert dict(Heartbeat.objects.values_list("name", "at")) == {"a": NOON, "b": LATER, "c": NOON}


def test_a_row_that_is_the_same_is_not_written() -> None:
    upsert(("a", NOON), ("b", NOON))
    before = versions()
    assert upsert(("a", NOON), ("b", LATER)) == Written(added=0, changed=1)
    assert versions()["a"] == before["a"]
    assert versions()["b"] != before["b"]


def test_nothing_is_nothing() -> None:
    assert upsert() == Written(0, 0)


def test_errors_of_copy_are_django_s_and_the_connection_lives_on() -> None:
    with pytest.raises(DataError), transaction.atomic():
        bulk_writer.insert(Heartbeat, ("name", "at"), [("a", "not a time")])
    with pytest.raises(DataError), transaction.atomic():
        bulk_writer.insert(Heartbeat, ("name", "at"), [("a" * 101, NOON)])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk_writer.insert(Heartbeat, ("name", "at"), [("a", NOON), ("a", NOON)])
    assert upsert(("a", NOON)) == Written(1, 0)


def test_a_row_that_asks_the_database_is_an_error_and_no_endless_wait() -> None:
    rows = ((str(Heartbeat.objects.count()), NOON) for _ in range(1))
    with pytest.raises(RuntimeError, match="asks the database"), transaction.atomic():
        bulk_writer.insert(Heartbeat, ("name", "at"), rows)
    assert upsert(("a", NOON)) == Written(1, 0)


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_any_text_can_be_stored(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text", [storable(text)])
        assert cursor.fetchone() == (storable(text),)


def test_only_what_cannot_be_kept_is_taken_out_of_a_text() -> None:
    assert storable("a\x00b\ud83dc\U0001f600é") == "ab\ufffdc\U0001f600é"
