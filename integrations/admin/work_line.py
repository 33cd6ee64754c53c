from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A line of what waits for a person. ``more`` follows the count: “12 records of 4 people”."""

    kind: str
    words: str
    count: int
    address: str
    is_capped: bool = False
    more: str = ""
