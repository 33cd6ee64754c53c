"""Amounts and names as the feed shows them."""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
#: As many as there are classes for them in tab.css.
_TONES = 8


@register.filter
def amount(value: Decimal, currency: str = "") -> str:
    """“$4,821”, “NOK 4,821.50”, or “3” where it is no money."""
    number = f"{abs(value):,.2f}".removesuffix(".00")
    minus = "\N{MINUS SIGN}" if value < 0 else ""
    sign = _SIGNS.get(currency, f"{currency} " if currency else "")
    return f"{minus}{sign}{number}"


@register.filter
def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = name.split()
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [name.strip()[:1]]
    return "".join(letters).upper()


@register.filter
def tone(number: int) -> int:
    """Which of the avatars' colours somebody has, always the same one."""
    return number % _TONES
