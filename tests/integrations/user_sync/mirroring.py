"""Refreshing the mirror of Salesforce users, and seeing what was written."""

from __future__ import annotations

from typing import Any

from django.db import connection as database

from integrations.models import Connection, SyncRun
from integrations.user_sync.directory import refresh_directory, request_refresh


def refresh(connection: Connection, **options: Any) -> SyncRun:
    run = request_refresh(connection, by=None, **options)
    refresh_directory(run.pk)
    run.refresh_from_db()
    connection.refresh_from_db()
    return run


def versions() -> dict[str, str]:
    """Which transaction wrote each row."""
    with database.cursor() as cursor:
        cursor.execute("SELECT salesforce_id, xmin::text FROM integrations_directoryuser")
        return dict(cursor.fetchall())
