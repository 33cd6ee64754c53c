"""Many rows at once: COPY, several times faster than ``bulk_create``.

Values reach the database as they are: no defaults, no validation, no ``save()``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

Row = Sequence[Any]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Written:
    added: int
    changed: int


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot keep: NUL is dropped, half a character marked."""
    return _LONE_SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def insert(model: type[models.Model], fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows of new things. Raises Django's database errors, like the ORM."""
    with transaction.atomic(), connection.cursor() as cursor:
        _copy(cursor, _table(model), _columns(model, fields), rows)


def upsert(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Iterable[Row],
    *,
    key: Sequence[str],
    unless_same: Sequence[str],
    keep: Sequence[str] = (),
) -> Written:
    """Insert the rows whose ``key`` is new; update those that differ in a field of ``unless_same``.

    A row that differs in nothing is not written at all, and the fields of ``keep`` are written
    with new rows only. ``key`` names a unique constraint's fields; none comes twice in ``rows``.
    """
    keys, compared = _columns(model, key), _columns(model, unless_same)
    columns, kept = _columns(model, fields), {*keys, *_columns(model, keep)}
    values, listed_keys = ", ".join(columns), ", ".join(keys)
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in kept)
    with transaction.atomic(), connection.cursor() as cursor:
        stage(cursor, model, fields, rows)
        cursor.execute(
            f"INSERT INTO {_table(model)} AS kept ({values}) SELECT {values} FROM incoming"  # noqa: S608
            f" ORDER BY {listed_keys}"  # one order for all, or two writers may deadlock
            f" ON CONFLICT ({listed_keys}) DO UPDATE SET {updates} WHERE"
            f" ({_listed('kept', compared)}) IS DISTINCT FROM ({_listed('EXCLUDED', compared)})"
            " RETURNING (xmax = 0)"
        )
        added = [new for (new,) in cursor.fetchall()]
        unstage(cursor)
    return Written(added=added.count(True), changed=added.count(False))


def analyze(*models_: type[models.Model]) -> None:
    """Tell the planner now what was written; by itself it looks a minute later.

    Until then even the checks of foreign keys may go by plans that were made for empty tables, and
    read all of a company's rows for each new one.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(map(_table, models_))}")


def stage(
    cursor: CursorWrapper, model: type[models.Model], fields: Sequence[str], rows: Iterable[Row]
) -> None:
    """COPY the rows into the temporary table ``incoming``, whose columns are those of the fields.

    For writers whose SQL is their own. Inside a transaction; followed by :func:`unstage`.
    """
    columns = _columns(model, fields)
    cursor.execute(
        f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {', '.join(columns)}"  # noqa: S608
        f" FROM {_table(model)} WITH NO DATA"
    )
    _copy(cursor, "incoming", columns, rows)


def unstage(cursor: CursorWrapper) -> None:
    """Drop ``incoming``, so that one transaction can write several times."""
    cursor.execute("DROP TABLE incoming")


def _copy(cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    # The ORM's wrapper covers execute() alone; COPY's errors would be psycopg's own.
    with (
        connection.wrap_database_errors,
        connection.execute_wrapper(_refuse),
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _refuse(*_: object) -> NoReturn:
    """Of a connection that is in the middle of a COPY an answer never comes."""
    raise RuntimeError("A row asks the database while the rows are being written to it.")


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _columns(model: type[models.Model], fields: Sequence[str]) -> list[str]:
    columns = {field.name: str(field.column) for field in model._meta.concrete_fields}
    return [connection.ops.quote_name(columns[name]) for name in fields]


def _listed(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns)
