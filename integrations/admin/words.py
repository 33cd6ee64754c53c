"""Numbers and names as people say them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html

from accounts.capped_paginator import COUNTED_AT_MOST
from accounts.models import User
from accounts.time_zone import written_time

#: How Automatic stands that is on and takes its people from nowhere.
WITHOUT_WORKFLOW = "On, but no workflow is chosen: nobody gets an account by it."


def counted(number: int, one: str, many: str = "") -> str:
    """“1 user”, “1,200 users”."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def count_of(rows: QuerySet[Any], one: str, many: str = "") -> str:
    """How many there are, up to “10,000+”: no page waits for a larger number."""
    number = rows.order_by()[: COUNTED_AT_MOST + 1].count()
    if number > COUNTED_AT_MOST:
        return f"{COUNTED_AT_MOST:,}+ {many or one + 's'}"
    return counted(number, one, many)


def listed(parts: list[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return " and ".join([part for part in (", ".join(parts[:-1]), *parts[-1:]) if part])


def sentence(text: str) -> str:
    """The text with a full stop, where it ends without any mark."""
    return f"{text}." if text and text[-1] not in ".!?…" else text


def from_now(when: datetime) -> str:
    """“4 minutes from now”; “now” for what is overdue."""
    return str(naturaltime(max(when, timezone.now())))


def who_and_when(who: User | None, when: datetime | None) -> str:
    """A person above a time, for a column; nothing where it has not happened."""
    if when is None:
        return ""
    return format_html(
        '{}<small><time datetime="{}">{}</time></small>',
        who or settings.PRODUCT_NAME,
        when.isoformat(),
        written_time(when),
    )
