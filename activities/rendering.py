"""A report as the feed's HTML: the same for everybody who sees the same of it."""

from __future__ import annotations

import hashlib
import zoneinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.safestring import SafeString

from activities.feed import FeedItem
from activities.viewer import Viewer

#: Two thirds of a page's time would go into rendering the same reports again for the next viewer.
_REPORTS_KEPT = 5_000


@lru_cache(maxsize=_REPORTS_KEPT)
def report_html(item: FeedItem, at: str, zone: str) -> SafeString:
    """``at`` begins the addresses in it; times stand in ``zone`` until the page's script comes."""
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        return render_to_string("activities/report.html", {"report": item, "at": at})


def rendered(item: FeedItem, viewer: Viewer) -> SafeString:
    return report_html(item, viewer.at, timezone.get_current_timezone_name())


def page(
    request: HttpRequest, viewer: Viewer, template: str, values: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The page with everything around it; for htmx its middle only."""
    context = {
        **values,
        "viewer": viewer,
        "at": viewer.at,
        "shortcuts": viewer.shortcuts,
        "frame": "activities/part.html" if is_part(request) else "activities/whole.html",
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, template, context, status=status)


def is_part(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def unchanged(
    request: HttpRequest, viewer: Viewer, *what: object
) -> tuple[str, HttpResponse | None]:
    """The page's ``ETag``, and the answer when the browser has exactly this page.

    ``what`` is all that this page shows beside who looks: the feed's version at least, which is
    raised with every name of a person, a team or an activity type that is shown.
    """
    parts = (
        _deployed(),
        viewer.user.pk,
        viewer.at,
        viewer.user.role,
        viewer.user.team_id,
        viewer.company.name,
        viewer.company.currency,
        model_to_dict(viewer.shortcuts),
        is_part(request),
        timezone.get_current_timezone_name(),
        request.COOKIES.get(settings.CSRF_COOKIE_NAME, ""),
        *what,
    )
    digest = hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()
    etag = f'"{digest[:32]}"'
    answer = get_conditional_response(request, etag=etag)
    return etag, answer if isinstance(answer, HttpResponse) else None


@cache
def _deployed() -> str:
    """Changes with every deployment that changes a page, or a file that it loads."""
    folder = Path(settings.BASE_DIR) / "templates" / "activities"
    files = b"".join(file.read_bytes() for file in sorted(folder.glob("*.html")))
    loaded = getattr(staticfiles_storage, "manifest_hash", "")  # else their addresses never change
    named = f"{settings.PRODUCT_NAME}\x00{loaded}".encode()
    return hashlib.sha256(files + named).hexdigest()[:12]
