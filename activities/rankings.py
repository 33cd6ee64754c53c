"""Who did how much: the leaderboard, and one person's own numbers. Currencies are never mixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

from accounts.models import Company, User
from activities.models import ActivityType
from activities.periods import Days, Period, today_of
from activities.sql import rows

#: Places shown of a board, beside the viewer's own.
PLACES_SHOWN = 50
#: Every open page asks for its board after every change; of one version it is the same for all.
_BOARDS_KEPT = 32


Of = Literal["people", "teams"]


@dataclass(frozen=True, slots=True)
class Place:
    rank: int  # the same for equal totals; the next one counts them all
    id: int  # of the person or the team
    name: str
    total: Decimal  # the number of reports where the activity type shows no amounts
    reports: int


@dataclass(frozen=True)
class Board:
    currency: str  # empty for what is no money, and where no amounts are shown
    places: list[Place]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a person did of one type, in one currency, in a period and in the one before."""

    type_id: int
    type: str
    unit: str
    currency: str
    total: Decimal
    reports: int
    total_before: Decimal
    total_by_then: Decimal  # of the period before, up to the same day of it


# The covering index report_for_rankings answers the inner query alone. Hidden people have no place,
# yet their work stays in their team's total.
_LEADERBOARD = """
    WITH sums AS (
        SELECT {currency} AS currency, {column} AS id, {total} AS total, count(*) AS reports
        FROM activities_activityreport
        WHERE company_id = %(company)s AND type_id = %(type)s AND retracted_at IS NULL
            AND occurred_on >= %(first)s AND occurred_on < %(end)s
        GROUP BY 1, 2
    ), places AS (
        SELECT sums.currency, sums.id, named.name, sums.total, sums.reports,
            rank() OVER by_total AS rank
        FROM sums JOIN {named} named ON named.id = sums.id {visible}
        WINDOW by_total AS (PARTITION BY sums.currency ORDER BY sums.total DESC)
    )
    SELECT currency, rank, id, name, total, reports FROM places
    ORDER BY currency <> %(currency)s, currency, rank, name, id
"""
_OF = {
    "people": {
        "column": "user_id",
        "named": "accounts_user",
        "visible": "AND NOT named.hide_from_feed",
    },
    "teams": {"column": "team_id", "named": "accounts_team", "visible": ""},
}
_BY_AMOUNT = {"currency": "currency", "total": "sum(value)"}
_BY_NUMBER = {"currency": "''", "total": "count(*)::numeric"}

_NUMBERS = """
    SELECT type.id, type.name, type.unit, report.currency,
        COALESCE(sum(report.value) FILTER (WHERE report.occurred_on >= %(first)s), 0),
        count(*) FILTER (WHERE report.occurred_on >= %(first)s),
        COALESCE(sum(report.value) FILTER (WHERE report.occurred_on < %(first)s), 0),
        COALESCE(sum(report.value) FILTER (WHERE report.occurred_on < %(by_then)s), 0)
    FROM activities_activityreport report
    JOIN activities_activitytype type ON type.id = report.type_id
    WHERE report.user_id = %(user)s AND report.retracted_at IS NULL
        AND report.occurred_on >= %(first_before)s AND report.occurred_on < %(end)s
    GROUP BY type.id, report.currency
    ORDER BY type.name, report.currency
"""

_BY_DAY = """
    SELECT occurred_on, sum(value) FROM activities_activityreport
    WHERE user_id = %(user)s AND type_id = %(type)s AND currency = %(currency)s
        AND retracted_at IS NULL AND occurred_on >= %(first)s AND occurred_on < %(end)s
    GROUP BY occurred_on ORDER BY occurred_on
"""


def leaderboard(
    company: Company,
    activity_type: ActivityType,
    period: Period,
    *,
    viewer: User,
    of: Of = "people",
    today: dt.date | None = None,
    version: int | None = None,
) -> list[Board]:
    """The boards of a period, one a currency, the company's own first; the viewer always on them.

    Where the type's amounts are not shown, one board goes by the number of reports.
    ``today`` is the company's by default. Given the feed's ``version``, whoever asked first for
    these boards has done it for all.
    """
    days = period.days(today or today_of(company))
    asked = (company.pk, company.currency, activity_type.pk, activity_type.shows_value, of, days)
    boards = _whole_boards(*asked) if version is None else _kept_boards(version, *asked)
    own = viewer.pk if of == "people" else viewer.team_id
    return [Board(currency, _seen_by(own, places)) for currency, places in boards]


def _whole_boards(
    company_id: int, currency: str, type_id: int, shows_value: bool, of: Of, days: Days
) -> list[tuple[str, list[Place]]]:
    values = {
        "company": company_id,
        "type": type_id,
        "first": days.first,
        "end": days.end,
        "currency": currency,
    }
    by = _BY_AMOUNT if shows_value else _BY_NUMBER
    found = rows(_LEADERBOARD.format(**_OF[of], **by), values)
    return [
        (each, [Place(*place) for _, *place in places])
        for each, places in groupby(found, key=itemgetter(0))
    ]


@lru_cache(maxsize=_BOARDS_KEPT)
def _kept_boards(version: int, *asked: Any) -> list[tuple[str, list[Place]]]:
    return _whole_boards(*asked)


def _seen_by(own_id: int | None, places: list[Place]) -> list[Place]:
    return places[:PLACES_SHOWN] + [one for one in places[PLACES_SHOWN:] if one.id == own_id]


def numbers(person: User, period: Period, today: dt.date) -> list[Numbers]:
    """The person's own numbers, hidden or not, for every type of either period."""
    days, before = period.days(today), period.days_before(today)
    values = {
        "user": person.pk,
        "first_before": before.first,
        "by_then": min(before.first + (today - days.first) + dt.timedelta(days=1), before.end),
        "first": days.first,
        "end": days.end,
    }
    return [Numbers(*row) for row in rows(_NUMBERS, values)]


def by_day(person: User, type_id: int, currency: str, days: Days) -> Sequence[Decimal]:
    """The person's total of each of these days, for a chart."""
    values = {
        "user": person.pk,
        "type": type_id,
        "currency": currency,
        "first": days.first,
        "end": days.end,
    }
    totals: dict[dt.date, Decimal] = dict(rows(_BY_DAY, values))
    return [totals.get(day, Decimal(0)) for day in _each(days)]


def _each(days: Days) -> Iterable[dt.date]:
    return (days.first + dt.timedelta(days=n) for n in range((days.end - days.first).days))
