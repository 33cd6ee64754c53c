"""Times on screens are in the person's own time zone, or else their company's."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

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
