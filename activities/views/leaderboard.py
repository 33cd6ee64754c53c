"""Who did how much: the whole board, and the short one beside the feed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse

from activities import feed as feeds
from activities import rankings, sources
from activities.models import ActivityReport, ActivityType
from activities.periods import Period, today_of
from activities.rankings import Board, Numbers, Of
from activities.rendering import page, unchanged
from activities.viewer import Viewer

#: Width of a bar on the board, in the units of its drawing.
FULL = 100


def leaderboard(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    if not viewer.shortcuts.leaderboard:
        raise Http404("This company shows no leaderboard.")
    period = period_of(request, Period.WEEK)
    of: Of = "teams" if request.GET.get("of") == "teams" else "people"
    types = _types(viewer)
    chosen = _chosen_type(request, types)
    today = today_of(viewer.company)
    version = feeds.version_of(viewer.company.pk)
    etag, answer = unchanged(request, viewer, version, period, of, chosen, types, today)
    if answer is not None:
        return answer
    boards = _boards(viewer, chosen, period, of, today=today, version=version)
    values = {
        "title": "Leaderboard",
        "here": "leaderboard",
        "periods": Period.choices,
        "period": period,
        "types": types,
        "type": chosen,
        "of": of,
        "boards": [_with_bars(board) for board in boards],
        "own_id": viewer.user.pk if of == "people" else viewer.user.team_id,
        "days": period.days(today),
    }
    response = page(request, viewer, "activities/leaderboard.html", values)
    response.headers["ETag"] = etag
    return response


def side(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Beside the feed: the week's first three, and how the viewer's own week goes."""
    types = _types(viewer)
    chosen = next((kind for kind in types if kind.unit == "money"), types[0] if types else None)
    today = today_of(viewer.company)
    version = feeds.version_of(viewer.company.pk)
    boards = (
        _boards(viewer, chosen, Period.WEEK, today=today, version=version)[:1]
        if viewer.shortcuts.leaderboard
        else []
    )
    own = rankings.numbers(viewer.user, Period.WEEK, today)
    headline = next((row for row in own if chosen and row.type_id == chosen.pk), None)
    numbers = [row for row in own if row.reports]
    values = {
        "title": "This week",
        "type": chosen,
        "boards": [_with_bars(_short(board, viewer.user.pk)) for board in boards],
        "own_id": viewer.user.pk,
        "headline": headline,
        "change": change_in_percent(headline) if headline else None,
        "numbers": numbers,
        "not_linked": "" if numbers else sources.not_linked(viewer.user),
    }
    return page(request, viewer, "activities/side.html", values)


def _boards(
    viewer: Viewer,
    kind: ActivityType | None,
    period: Period,
    of: Of = "people",
    *,
    today: dt.date,
    version: int,
) -> list[Board]:
    if kind is None:
        return []
    return rankings.leaderboard(
        viewer.company, kind, period, viewer=viewer.user, of=of, today=today, version=version
    )


def period_of(request: HttpRequest, default: Period) -> Period:
    try:
        return Period(request.GET.get("period", default))
    except ValueError as error:
        raise Http404("There is no such period.") from error


def change_in_percent(numbers: Numbers) -> int | None:
    """By how much the total rose over the same days of the period before.

    ``None`` where those, or the period so far, have nothing.
    """
    if numbers.total_by_then <= 0 or not numbers.reports:
        return None
    return round((numbers.total - numbers.total_by_then) / numbers.total_by_then * 100)


def _short(board: Board, own_id: int) -> Board:
    return Board(board.currency, [p for n, p in enumerate(board.places) if n < 3 or p.id == own_id])


def _with_bars(board: Board) -> dict[str, Any]:
    most = max((place.total for place in board.places), default=Decimal(0))
    bars = [
        {
            "place": place,
            "width": int(max(place.total, Decimal(0)) / most * FULL) if most > 0 else 0,
        }
        for place in board.places
    ]
    return {"currency": board.currency, "bars": bars}


def _types(viewer: Viewer) -> list[ActivityType]:
    """Those that have reports, or that people can report."""
    live = ActivityReport.objects.filter(type=OuterRef("pk"), retracted_at__isnull=True)
    types = ActivityType.objects.filter(Q(by_hand=True) | Exists(live), company=viewer.company)
    return list(types.order_by("name"))


def _chosen_type(request: HttpRequest, types: list[ActivityType]) -> ActivityType | None:
    wanted = request.GET.get("type", "")
    if not wanted:
        return next((kind for kind in types if kind.unit == "money"), types[0] if types else None)
    found = next((kind for kind in types if str(kind.pk) == wanted), None)
    if found is None:
        raise Http404("There is no such activity type.")
    return found
