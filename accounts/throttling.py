"""Against guessing passwords, without letting an attacker lock anybody out.

Attempts are counted in windows of a quarter of an hour, so nothing is ever locked for longer than
the guessing lasts. A browser that has once logged in to an account carries a signed cookie and is
counted by itself, so that strangers' guesses, from anywhere, do not stop its owner (the “device
cookie” of OWASP's “Slow Down Online Guessing Attacks”). An attempt is counted before the password
is looked at: guesses sent at once count each other.
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.conf import settings
from django.core import signing
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.audit import address_of
from accounts.models import LogInAttempt

WINDOW = dt.timedelta(minutes=15)
KEPT = dt.timedelta(days=1)
#: Attempts a window. An office shares one address, so an address may miss often.
MOST_OF_A_KNOWN_BROWSER = 10
MOST_FOR_AN_EMAIL = 20
MOST_FROM_AN_ADDRESS = 100
#: “Forgotten password” sends mail to somebody who may not have asked.
MOST_FORGOTTEN_FOR_AN_EMAIL = 3
MOST_FORGOTTEN_FROM_AN_ADDRESS = 20

COOKIE = "known_browser"
COOKIE_SECONDS = 180 * 24 * 3600
SALT = "accounts.throttling"


def begin_log_in(request: HttpRequest, email: str) -> LogInAttempt | None:
    """Count an attempt; ``None`` when there were too many and the password must not be tried."""
    attempt = _counted(request, email, LogInAttempt.Kind.PASSWORD)
    if attempt.browser:
        tried = _recent(attempt).filter(browser=attempt.browser).count()
        too_many = tried > MOST_OF_A_KNOWN_BROWSER
    else:
        too_many = _strangers_exceed(attempt, MOST_FOR_AN_EMAIL, MOST_FROM_AN_ADDRESS)
    return _unless(too_many, attempt)


def begin_forgotten_password(request: HttpRequest, email: str) -> LogInAttempt | None:
    """Count a request for a link; ``None`` when there were too many."""
    attempt = _counted(request, email, LogInAttempt.Kind.FORGOTTEN, browser="")
    too_many = _strangers_exceed(
        attempt, MOST_FORGOTTEN_FOR_AN_EMAIL, MOST_FORGOTTEN_FROM_AN_ADDRESS
    )
    return _unless(too_many, attempt)


def remember_browser(response: HttpResponse, email: str) -> None:
    """Give the browser that just logged in to this e-mail's account a counter of its own."""
    response.set_cookie(
        COOKIE,
        signing.dumps([_digest(email), secrets.token_hex(16)], salt=SALT),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_attempt(attempt: LogInAttempt) -> None:
    """A right password is no guess. Old rows go on the way."""
    attempt.delete()
    LogInAttempt.objects.filter(at__lt=timezone.now() - KEPT).delete()


def _counted(
    request: HttpRequest, email: str, kind: LogInAttempt.Kind, browser: str | None = None
) -> LogInAttempt:
    return LogInAttempt.objects.create(
        kind=kind,
        email_digest=_digest(email),
        address=address_of(request),
        browser=_known_browser(request, email) if browser is None else browser,
    )


def _recent(attempt: LogInAttempt) -> QuerySet[LogInAttempt]:
    return LogInAttempt.objects.filter(kind=attempt.kind, at__gt=attempt.at - WINDOW)


def _strangers_exceed(attempt: LogInAttempt, most_for_email: int, most_from_address: int) -> bool:
    same_email = Q(email_digest=attempt.email_digest)
    same_address = Q(address=attempt.address) if attempt.address else Q(address__isnull=True)
    counts = (
        _recent(attempt)
        .filter(same_email | same_address, browser="")
        .aggregate(email=Count("pk", filter=same_email), address=Count("pk", filter=same_address))
    )
    for_email, from_address = int(counts["email"]), int(counts["address"])
    return for_email > most_for_email or from_address > most_from_address


def _unless(too_many: bool, attempt: LogInAttempt) -> LogInAttempt | None:
    """A refused attempt is not kept: who goes on trying does not extend the wait."""
    if too_many:
        attempt.delete()
        return None
    return attempt


def _known_browser(request: HttpRequest, email: str) -> str:
    try:
        digest, browser = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_SECONDS
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return browser if digest == _digest(email) else ""


def _digest(email: str) -> str:
    folded = email.strip().casefold()
    return salted_hmac("accounts.throttling.email", folded, algorithm="sha256").hexdigest()
