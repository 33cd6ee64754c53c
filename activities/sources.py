"""What the pages show that only a source of reports knows. Sources register when they are loaded,
so that this package need not know any of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from accounts.models import User
from activities.models import ActivityReport


@dataclass(frozen=True)
class Notice:
    """Why nothing new arrives, in a sentence for a colleague, and since when."""

    words: str
    since: dt.datetime


@dataclass(frozen=True)
class Held:
    """Work of one person that is not in the feed, and why."""

    title: str
    reason: str
    since: dt.datetime | None


@dataclass(frozen=True)
class Origin:
    """Why a report is here: by which rule, of what, and when that last changed.

    The addresses are pages of the admin.
    """

    rule: str
    rule_address: str
    made_of: str
    made_of_address: str
    changed_at: dt.datetime
    reason: str  # what the rule says of it now, in a sentence


class Source(Protocol):
    def notices(self, company_id: int) -> Sequence[Notice]: ...

    def held(self, person: User) -> Sequence[Held]: ...

    def origin(self, report: ActivityReport) -> Origin | None:
        """None for a report of another source."""
        ...

    def not_linked(self, person: User) -> str:
        """Why nothing that this person does arrives, in a sentence; empty where it does."""
        ...

    def fed_types(self, company_id: int) -> Sequence[int]:
        """Ids of the activity types that are reported by itself, so never by hand."""
        ...


_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def notices(company_id: int) -> list[Notice]:
    return [notice for source in _sources for notice in source.notices(company_id)]


def held(person: User) -> list[Held]:
    return [item for source in _sources for item in source.held(person)]


def origin(report: ActivityReport) -> Origin | None:
    """None for what somebody reported by hand."""
    found = (source.origin(report) for source in _sources)
    return next((one for one in found if one is not None), None)


def not_linked(person: User) -> str:
    """Empty where at least one source knows the person."""
    words = [source.not_linked(person) for source in _sources]
    return words[0] if words and all(words) else ""


def fed_types(company_id: int) -> set[int]:
    return {type_id for source in _sources for type_id in source.fed_types(company_id)}
