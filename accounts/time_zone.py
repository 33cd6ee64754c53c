"""Times on screens: in the person's own time zone or else their company's, and written alike."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User


def local_time(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware, after the one that knows who is asking."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        with timezone.override(zone_of(user) if isinstance(user, User) else None):
            return get_response(request)

    return middleware


def zone_of(user: User) -> zoneinfo.ZoneInfo | None:
    """``None``, which is UTC, for support staff who have chosen none."""
    name = user.time_zone or (user.company.time_zone if user.company else "")
    return zoneinfo.ZoneInfo(name) if name else None


def written_day(moment: dt.datetime, zone: zoneinfo.ZoneInfo | None = None) -> str:
    """The day as in templates: 3 May 2026; for whoever reads it, or in the zone for all readers."""
    return date_format(timezone.localtime(moment, zone), "DATE_FORMAT")


def written_time(moment: dt.datetime, zone: zoneinfo.ZoneInfo | None = None) -> str:
    """The day and the time as in templates: 3 May 2026, 14:00; in whose zone, see `written_day`."""
    return date_format(timezone.localtime(moment, zone), "DATETIME_FORMAT")
