"""Addresses of the admin's pages, and of lists narrowed to what a count has counted."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode

from integrations.models import Connection


def page_of(name: str, *args: int) -> str:
    """The address of a page of this package, such as “connection_pause”."""
    return reverse(f"admin:integrations_{name}", args=args)


def people_with(connection: Connection, **filters: str) -> str:
    """The address of *Salesforce users* with these filters."""
    return _list("directoryuser", connection, filters)


def plans_with(connection: Connection, **filters: str) -> str:
    """The address of *Changes* with these filters."""
    return _list("syncplan", connection, filters)


def records_with(connection: Connection, **filters: str) -> str:
    """The address of *Salesforce records* with these filters."""
    return _list("salesforcerecord", connection, filters)


def workflows_of(connection: Connection) -> str:
    """The address of *Workflows*."""
    return _list("workflow", connection, {})


def start_of(connection: Connection) -> str:
    """The address of the connection's start page."""
    return f"{reverse('admin:index')}?connection={connection.pk}"


def _list(model: str, connection: Connection, filters: dict[str, str]) -> str:
    asked = urlencode({"connection": str(connection.pk), **filters})
    return f"{page_of(f'{model}_changelist')}?{asked}"
