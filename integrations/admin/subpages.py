"""The pages below a connection's address: each group keeps its own list."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse

from . import account_page, automatic_page, pausing

Page = tuple[str, Callable[..., HttpResponse], str]


def urls() -> list[Page]:
    """Address below a connection's id, view, and what is added to “integrations_connection_”."""
    groups = (pausing, automatic_page, account_page)
    return [page for group in groups for page in group.urls()]
