"""A person's own numbers: the period against the one before, what is held, what was taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from activities import rankings, sources
from activities.models import ActivityReport
from activities.periods import Days, Period, today_of
from activities.rankings import Numbers
from activities.rendering import page
from activities.viewer import Viewer
from activities.views.leaderboard import change_in_percent, period_of

LISTED = 50
#: What was taken back longer ago is in nobody's mind any more.
TAKEN_BACK_DAYS = 90
WIDTH, HEIGHT = 600, 160


@dataclass(frozen=True)
class Chart:
    """Running totals as two lines, in the drawing's own units, with the numbers in words."""

    now: str
    before: str
    most: Decimal
    words: str


def my_activity(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    if not viewer.shortcuts.my_activity:
        raise Http404("This company shows no such page.")
    period = period_of(request, Period.MONTH)
    today = today_of(viewer.company)
    numbers = rankings.numbers(viewer.user, period, today)
    chosen = _chosen(request, numbers)
    days = period.days(today)
    values = {
        "title": "My activity",
        "here": "my_activity",
        "periods": Period.choices,
        "period": period,
        "days": days,
        "numbers": numbers,
        "chosen": chosen,
        "change": change_in_percent(chosen) if chosen else None,
        "chart": _chart(viewer, chosen, period, today) if chosen else None,
        "reports": _own(viewer).filter(
            retracted_at__isnull=True, occurred_on__gte=days.first, occurred_on__lt=days.end
        )[:LISTED],
        "listed": LISTED,
        "taken_back": _taken_back(viewer)[:LISTED],
        "taken_back_days": TAKEN_BACK_DAYS,
        "held": sources.held(viewer.user),
        "not_linked": "" if chosen else sources.not_linked(viewer.user),
    }
    return page(request, viewer, "activities/my_activity.html", values)


def _own(viewer: Viewer) -> QuerySet[ActivityReport]:
    rows = ActivityReport.objects.filter(user=viewer.user, company=viewer.company)
    return rows.select_related("type").defer("search").order_by("-occurred_on", "-pk")


def _taken_back(viewer: Viewer) -> QuerySet[ActivityReport]:
    since = timezone.now() - dt.timedelta(days=TAKEN_BACK_DAYS)
    return _own(viewer).filter(retracted_at__gte=since).order_by("-retracted_at", "-pk")


def _chosen(request: HttpRequest, numbers: list[Numbers]) -> Numbers | None:
    """The numbers that the chart shows; money first when nobody chose."""
    wanted = request.GET.get("type", "")
    if wanted:
        return next((row for row in numbers if f"{row.type_id}-{row.currency}" == wanted), None)
    return next((row for row in numbers if row.unit == "money"), numbers[0] if numbers else None)


def _chart(viewer: Viewer, numbers: Numbers, period: Period, today: dt.date) -> Chart:
    days, before = period.days(today), period.days_before(today)
    until_today = Days(days.first, min(days.end, today + dt.timedelta(days=1)))
    now = _running(viewer, numbers, until_today)
    then = _running(viewer, numbers, before)
    most = max([*now, *then, Decimal(1)])
    steps = max((days.end - days.first).days, (before.end - before.first).days) - 1
    return Chart(
        now=_line(now, steps, most),
        before=_line(then, steps, most),
        most=most,
        words=f"{numbers.type}: {now[-1]:,.0f} so far, {then[-1]:,.0f} in all of {period.before}.",
    )


def _running(viewer: Viewer, numbers: Numbers, days: Days) -> list[Decimal]:
    daily = rankings.by_day(viewer.user, numbers.type_id, numbers.currency, days)
    return list(accumulate(daily))


def _line(totals: list[Decimal], steps: int, most: Decimal) -> str:
    """The points of a polyline, left to right; a single day becomes a level line."""
    points = [
        (WIDTH * n / max(steps, 1), HEIGHT - float(max(total, Decimal(0)) / most) * HEIGHT)
        for n, total in enumerate(totals)
    ]
    if len(points) == 1:
        points.append((WIDTH if steps < 1 else WIDTH / steps / 2, points[0][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
