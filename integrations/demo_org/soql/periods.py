"""Relative dates: TODAY, LAST_N_DAYS:30, THIS_QUARTER and the rest, as days from and to.

Weeks begin on Sunday, as in the locale en_US; the fiscal year is the calendar's. Days are UTC's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

UNITS = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
PERIODS = {
    "YESTERDAY",
    "TODAY",
    "TOMORROW",
    "LAST_90_DAYS",
    "NEXT_90_DAYS",
    *(f"{which}_{unit}" for which in ("LAST", "THIS", "NEXT") for unit in UNITS),
}


@dataclass(frozen=True)
class Period:
    """Days from `start` up to, and without, `end`."""

    start: date
    end: date


def period(text: str, today: date) -> Period | None:
    """What `text` (in capitals) means on that day; None when it is no relative date."""
    name, _, number = text.partition(":")
    if name in ("YESTERDAY", "TODAY", "TOMORROW"):
        day = today + timedelta(days=("YESTERDAY", "TODAY", "TOMORROW").index(name) - 1)
        return Period(day, day + timedelta(days=1))
    if name == "LAST_90_DAYS":
        return _days(today, -90)
    if name == "NEXT_90_DAYS":
        return _days(today, 90)
    if number:
        return _counted(name, int(number), today)
    which, _, unit = name.partition("_")
    begin = _BEGINNINGS.get(unit)
    if begin is None or which not in _STEPS:
        return None
    step = _STEPS[which]
    return Period(begin(today, step), begin(today, step + 1))


def _counted(name: str, count: int, today: date) -> Period | None:
    ago = name.startswith("N_")
    which, _, unit = name.removesuffix("_AGO").partition("N_")
    unit = unit.removesuffix("S")
    if unit == "DAY":
        if ago:
            day = today - timedelta(days=count)
            return Period(day, day + timedelta(days=1))
        return _days(today, -count if which == "LAST_" else count)
    begin = _BEGINNINGS.get(unit)
    if begin is None:
        return None
    if ago:
        return Period(begin(today, -count), begin(today, 1 - count))
    if which == "LAST_":
        return Period(begin(today, -count), begin(today, 0))
    return Period(begin(today, 1), begin(today, count + 1))


def _days(today: date, count: int) -> Period:
    """The last days end with today; the next begin tomorrow."""
    tomorrow = today + timedelta(days=1)
    if count < 0:
        return Period(today + timedelta(days=count), tomorrow)
    return Period(tomorrow, tomorrow + timedelta(days=count))


def _week(today: date, step: int) -> date:
    return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=step)


def _months(size: int) -> Callable[[date, int], date]:
    def begin(today: date, step: int) -> date:
        blocks = (today.year * 12 + today.month - 1) // size + step
        year, month = divmod(blocks * size, 12)
        return date(year, month + 1, 1)

    return begin


_STEPS = {"LAST": -1, "THIS": 0, "NEXT": 1}
_BEGINNINGS: dict[str, Callable[[date, int], date]] = {
    "WEEK": _week,
    "MONTH": _months(1),
    "QUARTER": _months(3),
    "YEAR": _months(12),
    "FISCAL_QUARTER": _months(3),
    "FISCAL_YEAR": _months(12),
}
