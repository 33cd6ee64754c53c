"""The pages as a browser asks for them."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

HTMX = {"HX-Request": "true"}


def is_unchanged_after(client: Client, path: str, change: Callable[[], object]) -> bool:
    """Whether the browser may go on showing what it has, once that has happened."""
    client.get("/feed/")  # sets the cookie for forms, with which the page differs
    etag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    change()
    return client.get(path, headers={"If-None-Match": etag}).status_code == 304
