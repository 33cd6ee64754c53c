"""From the tab into a browser window of one's own: a code that works once, within a minute."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.models import EntranceCode, User

LIFE = timedelta(seconds=60)


def new_code(user: User) -> str:
    """A code for this account. Codes that nobody used are swept on the way."""
    now = timezone.now()
    EntranceCode.objects.filter(expires_at__lt=now).delete()
    code = secrets.token_urlsafe(32)
    EntranceCode.objects.create(digest=_digest(code), user=user, expires_at=now + LIFE)
    return code


@never_cache
@require_GET
def enter(request: HttpRequest, code: str) -> HttpResponse:
    """Log the code's holder in and lead on. A link from elsewhere does not log anybody in."""
    user = _redeemed(code) if _comes_from_our_own_page(request) else None
    if user is None:
        return render(request, "accounts/entrance_closed.html", {"title": "Try again"}, status=403)
    with transaction.atomic():
        login(request, user)
        audit.record("logged_in", user, by=user, request=request, after={"by": "the tab"})
    return redirect("home")


def _redeemed(code: str) -> User | None:
    """Whose code it is; deleting it is what counts, so two at once cannot both come in."""
    known = EntranceCode.objects.filter(digest=_digest(code), expires_at__gt=timezone.now())
    found = known.select_related("user").first()
    if found is None or not EntranceCode.objects.filter(pk=found.pk).delete()[0]:
        return None
    return found.user if found.user.is_active else None


def _comes_from_our_own_page(request: HttpRequest) -> bool:
    """Old browsers don't say; for them the code alone must do."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
