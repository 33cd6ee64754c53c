"""Reports by day, as the bars of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils import timezone

from accounts.models import Company
from activities.models import ActivityReport, ActivityType

DAYS = 30
#: The chart's own units; the page scales it.
STEP, BAR, HEIGHT = 20, 14, 120
LEAST = 2


@dataclass(frozen=True)
class Bar:
    day: date
    number: int
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    total: int
    highest: int

    width = DAYS * STEP
    bar_width = BAR
    height = HEIGHT


def reports_by_day(company: Company) -> Chart | None:
    """The last 30 days in the company's time zone; nothing where nothing was reported."""
    today = timezone.now().astimezone(ZoneInfo(company.time_zone)).date()
    first = today - timedelta(days=DAYS - 1)
    numbers = dict(
        ActivityReport.objects.filter(
            company=company,
            type__in=list(
                ActivityType.objects.filter(company=company).values_list("pk", flat=True)
            ),
            occurred_on__range=(first, today),
            retracted_at=None,
        )
        .order_by()
        .values_list("occurred_on")
        .annotate(number=Count("pk"))
    )
    if not numbers:
        return None
    highest = max(numbers.values())
    days = [first + timedelta(days=n) for n in range(DAYS)]
    bars = [_bar(place, one, numbers.get(one, 0), highest) for place, one in enumerate(days)]
    return Chart(bars, sum(numbers.values()), highest)


def _bar(place: int, day: date, number: int, highest: int) -> Bar:
    height = max(LEAST, round(number / highest * HEIGHT)) if number else 0
    return Bar(day, number, place * STEP + (STEP - BAR) // 2, HEIGHT - height, height)
