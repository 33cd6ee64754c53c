"""What a browser is shown when a request failed."""

from __future__ import annotations

import logging
import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults
from psycopg import errors

logger = logging.getLogger(__name__)

#: Seconds after which a browser or a proxy may ask again.
RETRY_AFTER = "10"
#: Codes of a server that is stopping, starting or full; where none answers there is no code.
_AWAY = {
    None,
    errors.AdminShutdown.sqlstate,
    errors.CrashShutdown.sqlstate,
    errors.CannotConnectNow.sqlstate,
    errors.TooManyConnections.sqlstate,
}


def server_error(request: HttpRequest) -> HttpResponse:
    """“Try again in a moment” while the database is away, which is no fault of the code."""
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError) or not _is_of_a_database_away(error):
        return defaults.server_error(request)
    logger.error("the database is away: %s", str(error).partition("\n")[0])
    page = render_to_string("503.html")
    return HttpResponse(page, status=503, headers={"Retry-After": RETRY_AFTER})


def _is_of_a_database_away(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in _AWAY
