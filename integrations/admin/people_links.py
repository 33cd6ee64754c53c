"""Addresses of lists, narrowed to what a count has counted."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode

from integrations.models import Connection


def people_with(connection: Connection, **filters: str) -> str:
    """The address of *Salesforce users* with these filters."""
    return _list("integrations_directoryuser", connection=str(connection.pk), **filters)


def plans_with(connection: Connection, **filters: str) -> str:
    """The address of *Changes* with these filters."""
    return _list("integrations_syncplan", connection=str(connection.pk), **filters)


def _list(model: str, **filters: str) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(filters)}"
