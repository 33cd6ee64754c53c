from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection


def rows(select: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a query that the ORM cannot say, or not fast enough for a page of the feed."""
    with connection.cursor() as cursor:
        cursor.execute(select, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
