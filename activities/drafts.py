from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from activities.text import one_line

_CENT = Decimal("0.01")
_LONGEST_KEY, _LONGEST_TITLE, _LONGEST_LINK = 200, 255, 200  # as the model's columns
_MOST = Decimal(10) ** 18
_CURRENCY = re.compile("[A-Z]{3}")


class InvalidDraft(ValueError):
    """What cannot be reported, and why, in a sentence; nothing is written."""


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """A report as its source tells it. Made fit for the database at once, or `InvalidDraft`.

    ``value`` is rounded to cents, ``title`` becomes one line of at most 255 characters, and a
    ``link`` that is no web address, or too long for one, is left out.
    """

    source_key: str
    user_id: int
    type_id: int
    value: Decimal
    currency: str  # three letters of ISO 4217; empty for what is no money
    title: str
    link: str
    occurred_on: dt.date
    published_at: dt.datetime  # decides the place in the feed, and only when it is first recorded

    def __post_init__(self) -> None:
        if not 0 < len(self.source_key) <= _LONGEST_KEY or not self.source_key.isprintable():
            raise InvalidDraft(f"“{self.source_key[:50]!a}” cannot be the key of a report.")
        if self.currency and not _CURRENCY.fullmatch(self.currency):
            raise InvalidDraft(f"“{self.currency[:10]!a}” is not a currency such as EUR.")
        if self.published_at.tzinfo is None:
            raise InvalidDraft("The time of publication has no time zone.")
        if isinstance(self.occurred_on, dt.datetime):
            raise InvalidDraft("The day it occurred on is a point in time, not a date.")
        object.__setattr__(self, "value", _in_cents(self.value))
        object.__setattr__(self, "title", one_line(self.title, _LONGEST_TITLE))
        object.__setattr__(self, "link", self.link if _is_web_address(self.link) else "")


def _in_cents(value: Decimal) -> Decimal:
    try:
        cents = Decimal(value).quantize(_CENT, ROUND_HALF_UP)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise InvalidDraft(f"“{value}” is not an amount.") from error
    if not cents.is_finite():
        raise InvalidDraft(f"“{value}” is not an amount.")
    if abs(cents) >= _MOST:
        raise InvalidDraft(f"{value} is too large an amount.")
    return cents


def _is_web_address(link: str) -> bool:
    return (
        link.startswith(("https://", "http://"))
        and len(link) <= _LONGEST_LINK
        and link.isprintable()
        and " " not in link
    )
