from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A line of what waits for a person. ``more`` follows the count: “1,204 records of 14 people”."""

    kind: str
    words: str
    count: int
    address: str
    is_capped: bool = False
    more: str = ""
