"""Numbers and names as people say them."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """“1 user”, “1,200 users”."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: list[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return " and ".join([part for part in (", ".join(parts[:-1]), *parts[-1:]) if part])
