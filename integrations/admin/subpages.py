"""The pages below a connection's address: each group keeps its own list."""

from __future__ import annotations

from collections.abc import Callable

from django.http.response import HttpResponseBase

from . import (
    account_page,
    add_person,
    all_active,
    attributes_page,
    automatic_page,
    connection_log_in,
    csv_page,
    differing_page,
    explain_page,
    held_changes,
    held_records,
    leavers_page,
    match_page,
    pausing,
    pending_page,
    scope_page,
    tab_page,
    where_is_my_deal,
)

Page = tuple[str, Callable[..., HttpResponseBase], str]
GROUPS = (
    connection_log_in,
    pausing,
    add_person,
    account_page,
    csv_page,
    automatic_page,
    pending_page,
    all_active,
    leavers_page,
    differing_page,
    explain_page,
    match_page,
    scope_page,
    attributes_page,
    held_records,
    held_changes,
    tab_page,
    where_is_my_deal,
)


def urls() -> list[Page]:
    """Address below a connection's id, view, and what is added to “integrations_connection_”."""
    return [page for group in GROUPS for page in group.urls()]
