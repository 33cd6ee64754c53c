"""What can go wrong between us and Salesforce, each with a sentence for the person who can act.

The classifier for the data API is `from_response`; the one for log-in is in `oauth_errors`.
"""

import json
import re
from collections.abc import Iterable

_LONGEST_DETAIL = 500
_SHORTEST_SECRET = 8  # a shorter text would be found in ordinary words
_TOKEN_LIKE = re.compile(
    r"00D[A-Za-z0-9]{12,15}(?:!|%21)[\w.]*"  # access token: organization id, !, opaque
    r"|eyJ[\w-]{8,}(?:\.[\w-]*)*"  # JWT
    r"|5Aep[\w.!=%-]{8,}"  # refresh token
    r"|(?i:(?<=bearer )|(?<=oauth ))[\w.!=%+/-]{8,}"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


class SalesforceError(Exception):
    """`message` is for an admin; `code` is Salesforce's own, or empty; `detail` is for the log."""

    def __init__(
        self, message: str, *, code: str = "", detail: str = "", retry_after: float | None = None
    ) -> None:
        self.message = message
        self.code = code
        self.detail = scrubbed(detail)
        self.retry_after = retry_after  # seconds that Salesforce asked us to wait
        super().__init__(message)


class TransientError(SalesforceError):
    """Passes by itself: trying again later is right."""


class PermanentError(SalesforceError):
    """The same request will fail again; nobody but a developer or Salesforce can mend it."""


class ReconnectRequired(SalesforceError):
    """Access was withdrawn or has run out: a person must log in to Salesforce again."""


class SessionExpired(ReconnectRequired):
    """The access token is no longer valid; the client renews it once before it gives up."""


class LimitReached(SalesforceError):
    """The org's allowance is used up: stop, keep what there is, go on after the limit's window."""


class ConfigurationError(SalesforceError):
    """An admin can mend it, in Salesforce or here. Names the field and object where known."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        detail: str = "",
        retry_after: float | None = None,
        field: str = "",
        object_name: str = "",
    ) -> None:
        super().__init__(message, code=code, detail=detail, retry_after=retry_after)
        self.field = field
        self.object_name = object_name


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without secrets and e-mail addresses, short enough for a log line."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    text = _EMAIL.sub("[e-mail]", _TOKEN_LIKE.sub("[secret]", text))
    return text if len(text) <= _LONGEST_DETAIL else text[:_LONGEST_DETAIL] + "…"


def from_response(
    status: int, body: str, *, retry_after: float | None = None, secrets: Iterable[str] = ()
) -> SalesforceError:
    """Say what an answer of the data API with a status of 300 or more means.

    Salesforce's bodies are a list of `{message, errorCode, fields?}`; what stands between us and
    Salesforce sends HTML or nothing.
    """
    code, words = _code_and_words(body)
    words = scrubbed(words, secrets)
    detail = f"HTTP {status} {code}: {words}" if code else f"HTTP {status}, {len(body)} characters"
    if code in ("INVALID_FIELD", "INVALID_TYPE"):
        return _unknown_field_or_object(code, words, detail)
    kind, message = _BY_CODE.get(code) or _by_status(status)
    if code == "REQUEST_LIMIT_EXCEEDED" and words.startswith("Concurrent"):
        kind, message = TransientError, _BUSY
    return kind(message, code=code, detail=detail, retry_after=retry_after)


def _code_and_words(body: str) -> tuple[str, str]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    first = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(first, dict):
        return "", ""
    code, words = first.get("errorCode"), first.get("message")
    return (
        code[:60] if isinstance(code, str) else "",
        _without_query(words) if isinstance(words, str) else "",
    )


def _without_query(words: str) -> str:
    """Drop the excerpt of the query above the caret: it may hold people's names."""
    return re.sub(r"\A.*?ERROR at Row:\d+:Column:\d+\n", "", words, flags=re.DOTALL)


def _unknown_field_or_object(code: str, words: str, detail: str) -> ConfigurationError:
    if found := re.search(r"No such column '([^']+)' on entity '([^']+)'", words):
        field, object_name = found.groups()
        message = (
            f"Salesforce shows no field {field} on {object_name}. Either it does not exist or the "
            "connecting user may not read it: check the field-level security in Salesforce."
        )
    elif found := re.search(r"sObject type '([^']+)' is not supported", words):
        field, object_name = "", found.group(1)
        message = (
            f"Salesforce shows no object {object_name}. Either it does not exist or the "
            "connecting user may not read it: check the object's permissions in Salesforce."
        )
    else:
        field = object_name = ""
        message = f"Salesforce does not accept a field of this query: {words[:200]}"
    return ConfigurationError(
        message, code=code, detail=detail, field=field, object_name=object_name
    )


def _by_status(status: int) -> tuple[type[SalesforceError], str]:
    if status == 401:
        return SessionExpired, _SESSION
    if status in (408, 420, 429) or status >= 500:
        return TransientError, _BUSY
    if status < 400:
        return ConfigurationError, _MOVED
    return _BY_STATUS.get(status, (PermanentError, _REFUSED))


_BUSY = (
    "Salesforce is not available just now or asks us to slow down. "
    "Nothing is lost; it is tried again by itself."
)
_SESSION = "Salesforce no longer accepts our session. Log in to Salesforce again to reconnect."
_MOVED = (
    "Salesforce points to another address, which is not followed. If your org was moved or its "
    "My Domain renamed, log in to Salesforce again to reconnect."
)
_REFUSED = "Salesforce refused this request, and would again. Please tell support."
_NO_API = (
    "The connecting user may not use Salesforce's API. Give it the permission “API Enabled”, and "
    "check that your Salesforce edition includes the API."
)
_NO_ACCESS = (
    "The connecting user lacks a permission for this in Salesforce. Check its permission sets."
)
_VERSION = (
    "This version of Salesforce's API has been retired. Update this installation, or set a newer "
    "API version."
)
_BY_STATUS: dict[int, tuple[type[SalesforceError], str]] = {
    410: (ConfigurationError, _VERSION),
    414: (PermanentError, "The query is too long for Salesforce. Choose fewer fields."),
    431: (PermanentError, "The query is too long for Salesforce. Choose fewer fields."),
}
_BY_CODE: dict[str, tuple[type[SalesforceError], str]] = {
    "INVALID_SESSION_ID": (SessionExpired, _SESSION),
    "REQUEST_LIMIT_EXCEEDED": (
        LimitReached,
        "Your org's allowance of Salesforce API requests for 24 hours is used up. "
        "Nothing is lost; work goes on by itself when the allowance is back.",
    ),
    "API_DISABLED_FOR_ORG": (ConfigurationError, _NO_API),
    "API_CURRENTLY_DISABLED": (ConfigurationError, _NO_API),
    "API_DISABLED": (ConfigurationError, _NO_API),
    "FUNCTIONALITY_NOT_ENABLED": (
        ConfigurationError,
        "This feature is switched off in your Salesforce org.",
    ),
    "INSUFFICIENT_ACCESS": (ConfigurationError, _NO_ACCESS),
    "INSUFFICIENT_ACCESS_OR_READONLY": (ConfigurationError, _NO_ACCESS),
    "UNSUPPORTED_API_VERSION": (ConfigurationError, _VERSION),
    "INVALID_QUERY_LOCATOR": (
        TransientError,
        "Salesforce no longer keeps the rest of this list. It is read again from the start.",
    ),
    "QUERY_TIMEOUT": (
        TransientError,
        "Salesforce took too long to answer the query. It is tried again later.",
    ),
    "OPERATION_TOO_LARGE": (
        ConfigurationError,
        "This is more than Salesforce lets the connecting user read at once. "
        "Give it the permission “View All Data”, or read a shorter time.",
    ),
    "UNABLE_TO_LOCK_ROW": (TransientError, _BUSY),
    "SERVER_UNAVAILABLE": (TransientError, _BUSY),
    "UNKNOWN_EXCEPTION": (TransientError, _BUSY),
    "MALFORMED_QUERY": (
        PermanentError,
        "Salesforce does not understand our query. Please tell support.",
    ),
    "NOT_FOUND": (PermanentError, "Salesforce has nothing at this address, or not for this user."),
}
