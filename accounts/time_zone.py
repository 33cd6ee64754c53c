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
        with timezone.override(_zone_of(request)):
            return get_response(request)

    return middleware


def _zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """``None`` for nobody in particular, and support staff without one: UTC."""
    user = request.user
    if not isinstance(user, User):
        return None
    name = user.time_zone or (user.company.time_zone if user.company else "")
    return zoneinfo.ZoneInfo(name) if name else None
