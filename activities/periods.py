from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from accounts.models import Company


@dataclass(frozen=True)
class Days:
    """The days from ``first`` up to, and without, ``end``."""

    first: dt.date
    end: dt.date

    @property
    def last(self) -> dt.date:
        return self.end - dt.timedelta(days=1)


class Period(models.TextChoices):
    TODAY = "today", "Today"
    WEEK = "week", "This week"
    MONTH = "month", "This month"
    QUARTER = "quarter", "This quarter"

    @property
    def before(self) -> str:
        """What people call the period before this one."""
        return "yesterday" if self is Period.TODAY else self.label.replace("This", "last")

    def days(self, today: dt.date) -> Days:
        """The whole period that ``today`` is in; a week begins on Monday."""
        match self:
            case Period.TODAY:
                return Days(today, today + dt.timedelta(days=1))
            case Period.WEEK:
                monday = today - dt.timedelta(days=today.weekday())
                return Days(monday, monday + dt.timedelta(days=7))
            case Period.MONTH:
                return _months(today.year, today.month, 1)
            case Period.QUARTER:
                return _months(today.year, today.month - (today.month - 1) % 3, 3)

    def days_before(self, today: dt.date) -> Days:
        """The whole period before the one that ``today`` is in."""
        return self.days(self.days(today).first - dt.timedelta(days=1))


def today_of(company: Company) -> dt.date:
    """The day it is now where the company is."""
    return timezone.now().astimezone(zoneinfo.ZoneInfo(company.time_zone)).date()


def _months(year: int, month: int, count: int) -> Days:
    years, months = divmod(month - 1 + count, 12)
    return Days(dt.date(year, month, 1), dt.date(year + years, months + 1, 1))
