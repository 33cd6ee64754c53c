"""The tab as Salesforce opens it, and what the person sees."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from integrations.models import Connection


def opened(connection: Connection, text: str, **extra: Any) -> Any:
    return Client().post(f"/embed/{connection.key}/", {"signed_request": text}, **extra)


def bearer_in(response: Any) -> str:
    found = re.search(r'data-bearer="([^"]+)"', response.content.decode())
    assert found
    return found[1]


def heading(response: Any) -> str:
    found = re.search(r"<h1[^>]*>([^<]*)", response.content.decode())
    assert found, response.content
    return found[1]
