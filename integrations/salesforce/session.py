"""The one way out to Salesforce: every request has time limits, and none follows a redirect."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from integrations.salesforce.deadline import DeadlineAdapter, LoopbackAdapter
from integrations.salesforce.errors import (
    ConfigurationError,
    PermanentError,
    SalesforceError,
    TransientError,
)

CLIENT_NAME = "Scoreline"


@dataclass(frozen=True)
class TimeLimits:
    """Seconds. `read` is between two bytes, `total` for the whole answer."""

    connect: float
    read: float
    total: float


#: For a log-in, or a page: a person waits. A refresh, too, since it holds a lock.
WHILE_SOMEBODY_WAITS = TimeLimits(connect=5, read=15, total=20)


@dataclass(frozen=True)
class ApiUsage:
    """What the org has used of its API requests in the last 24 hours, all apps together."""

    used: int
    limit: int

    @property
    def share(self) -> float:
        return self.used / self.limit if self.limit else 0.0


class SalesforceSession(requests.Session):
    """A requests session for one server of Salesforce, and no other address.

    Failing to get an answer is a TransientError. It signs requests itself, so that no caller's
    variables, and no traceback, hold the bearer.
    """

    def __init__(self, server: str, limits: TimeLimits) -> None:
        """`server` is an address that `hosts.checked_url` let through."""
        super().__init__()
        self.limits = limits
        self.bearer = ""
        # An auth of our own also keeps requests from looking into ~/.netrc.
        self.auth = self._sign
        self.headers["Accept"] = "application/json"
        self.headers["Sforce-Call-Options"] = f"client={CLIENT_NAME}"
        self.adapters.clear()
        parts = urlsplit(server)
        plain = parts.scheme == "http"  # only the demo org on this machine
        self.mount(f"https://{parts.netloc}/", LoopbackAdapter() if plain else DeadlineAdapter())
        if plain:
            self.mount(f"http://{parts.netloc}/", LoopbackAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never: a redirect would take the bearer along."""

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.setdefault("timeout", self.timeout())
        try:
            return super().request(method, url, **kwargs)
        except (requests.RequestException, HTTPError) as error:
            failure = error
        # Outside the except block, so that the error in the log does not drag along one that
        # holds the request and its headers.
        raise _no_answer(failure)

    def timeout(self, at_most: float | None = None) -> Any:
        """Return a urllib3.Timeout, which requests takes but has no type for."""
        limits = self.limits
        total = limits.total if at_most is None else min(limits.total, max(at_most, 0.001))
        return Timeout(connect=limits.connect, read=limits.read, total=total)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if self.bearer:
            request.headers["Authorization"] = f"Bearer {self.bearer}"
        return request


def _no_answer(error: Exception) -> SalesforceError:
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidURL):
        return PermanentError(
            "Salesforce sent an address that is not its own. Nothing was sent there. "
            "Please tell support.",
            detail=kind,
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigurationError(
            "The server's certificate is not one of Salesforce's, or this machine does not know "
            "its issuer. Is there a proxy in between? Its certificate must be trusted here.",
            detail=kind,
        )
    return TransientError(
        "Salesforce could not be reached, or broke off in the middle of its answer. "
        "Nothing is lost; it is tried again by itself.",
        detail=kind,
    )


def retry_after(headers: CaseInsensitiveDict[str]) -> float | None:
    """Return the seconds that the server asks us to wait; it may also name a date."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        return float(text)
    date = parsed_date(text)
    return max(0.0, (date - datetime.now(UTC)).total_seconds()) if date else None


def parsed_date(text: str) -> datetime | None:
    """Return an HTTP date as aware UTC, or None when it is none."""
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def api_usage(headers: CaseInsensitiveDict[str]) -> ApiUsage | None:
    """Read `Sforce-Limit-Info: api-usage=18/15000[; per-app-api-usage=…]`."""
    found = re.search(
        r"(?:^|[\s;])api-usage=([0-9]{1,12})/([0-9]{1,12})",
        headers.get("Sforce-Limit-Info", ""),
        re.ASCII,
    )
    return ApiUsage(int(found[1]), int(found[2])) if found else None
