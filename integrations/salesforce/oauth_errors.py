"""What Salesforce's answers to a log-in mean, for the person who can act."""

import json
from collections.abc import Iterable

from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    ReconnectRequired,
    SalesforceError,
    TransientError,
    scrubbed,
)


def from_token_response(
    status: int, body: str, *, retry_after: float | None = None, secrets: Iterable[str] = ()
) -> SalesforceError:
    """Say what an answer of the token or revoke endpoint other than 200 means."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    if status < 500 and status != 429 and isinstance(answer, dict) and isinstance(error, str):
        description = answer.get("error_description")
        return from_oauth_error(
            error if error in _KNOWN_ERRORS else scrubbed(error, secrets),
            scrubbed(description, secrets) if isinstance(description, str) else "",
        )
    detail = f"HTTP {status}, {len(body)} characters"
    if 300 <= status < 400:
        return ConfigurationError(
            "This log-in address points to another one, which is not followed. "
            "Use your My Domain address, which ends in .my.salesforce.com.",
            detail=detail,
        )
    if status in (401, 403, 404):
        return PermanentError(_REFUSED, detail=detail)
    return TransientError(
        "Salesforce's log-in is not available just now. Please try again in a minute.",
        detail=detail,
        retry_after=retry_after,
    )


def from_oauth_error(error: str, description: str) -> SalesforceError:
    """Say what `error` and `error_description` mean; the callback's parameters carry them too."""
    detail = f"{error}: {description}"
    words = description.lower()
    if error == "invalid_grant":
        return ReconnectRequired(_invalid_grant(words), code=error, detail=detail)
    if error == "invalid_request" and "code" in words:
        return ReconnectRequired(_LOG_IN_AGAIN, code=error, detail=detail)
    kind, message = _BY_ERROR.get(error.replace("-", "_"), (PermanentError, _REFUSED))
    return kind(message, code=error[:60], detail=detail)


def from_identity_response(
    status: int, body: str, *, retry_after: float | None = None
) -> SalesforceError:
    """Say what an answer of the identity URL other than 200 means: plain text, not JSON."""
    word = body.strip()[:40] if body.strip().replace("_", "").isalpha() else ""
    detail = f"HTTP {status} {word}" if word else f"HTTP {status}, {len(body)} characters"
    if status == 429 or status >= 500:
        return TransientError(
            "Salesforce did not say who logged in. Please try again in a minute.",
            detail=detail,
            retry_after=retry_after,
        )
    if word == "Inactive":
        return ReconnectRequired(_INACTIVE_USER, code=word, detail=detail)
    if word == "No_Access":
        return ConfigurationError(_NOT_APPROVED, code=word, detail=detail)
    if status in (401, 403):
        return ReconnectRequired(
            "Salesforce no longer accepts this log-in. Please log in again.",
            code=word,
            detail=detail,
        )
    return PermanentError(_REFUSED, code=word, detail=detail)


def _invalid_grant(words: str) -> str:
    for part, message in _INVALID_GRANTS:
        if part in words:
            return message
    return (
        "Salesforce refused the log-in. Log in again to reconnect; if it is refused again, the "
        "user's log-in history in Salesforce Setup says why."
    )


_LOG_IN_AGAIN = "The log-in took too long, or was used already. Please log in again."
_REFUSED = "Salesforce refused the log-in in a way we do not know. Please tell support."
_INACTIVE_USER = (
    "The connecting Salesforce user has been deactivated. "
    "Log in to Salesforce again with an active user to reconnect."
)
_NOT_APPROVED = (
    "The connecting user may not use the app yet. In Salesforce Setup, open the external client "
    "app's policies, let admin-approved users in and assign the user's permission set or profile. "
    "Then log in again."
)
_WRONG_KEYS = (
    "Salesforce does not know this consumer key and secret. Copy both again from the external "
    "client app. A new app takes about ten minutes until it can be used."
)
_CALLBACK = (
    "The callback address does not match. Copy it from this page into the external client app, "
    "exactly as it stands."
)
_INVALID_GRANTS = (
    ("authorization code", _LOG_IN_AGAIN),
    ("code verifier", _LOG_IN_AGAIN),
    (
        "expired access/refresh token",
        "Salesforce has withdrawn our access, or it has run out. "
        "Log in to Salesforce again to reconnect.",
    ),
    ("inactive", _INACTIVE_USER),
    (
        "ip restricted",
        "Salesforce does not accept this server's network address. Relax the IP restrictions in "
        "the external client app's policies or allow the address, then log in again to reconnect.",
    ),
    ("approved this consumer", _NOT_APPROVED),
    (
        "no client credentials user",
        "The app has no user to run as. In Salesforce Setup, open the external client app's "
        "policies, enable the client credentials flow and choose its “Run As” user.",
    ),
    (
        "not supported on this domain",
        "This log-in works at your My Domain only. Use the address that ends in "
        ".my.salesforce.com.",
    ),
)
_BY_ERROR: dict[str, tuple[type[SalesforceError], str]] = {
    "access_denied": (
        ReconnectRequired,
        "Access was not allowed in Salesforce. Log in again and press Allow to connect.",
    ),
    "immediate_unsuccessful": (ReconnectRequired, "Please log in to Salesforce."),
    "inactive_user": (ReconnectRequired, _INACTIVE_USER),
    "inactive_org": (
        ReconnectRequired,
        "Salesforce has closed or suspended this org. Salesforce's support can say why.",
    ),
    "invalid_client_id": (ConfigurationError, _WRONG_KEYS),
    "invalid_client": (ConfigurationError, _WRONG_KEYS),
    "invalid_client_credentials": (ConfigurationError, _WRONG_KEYS),
    "unsupported_grant_type": (
        ConfigurationError,
        "This org does not offer the log-in we use, or the address is not its My Domain. Use the "
        "address that ends in .my.salesforce.com and switch on the web server flow in the app.",
    ),
    "redirect_uri_mismatch": (ConfigurationError, _CALLBACK),
    "redirect_uri_missing": (ConfigurationError, _CALLBACK),
    "invalid_scope": (
        ConfigurationError,
        "The external client app lacks a scope. It needs “Manage user data via APIs (api)”, "
        "“Perform requests at any time (refresh_token)” and “Access the identity URL (id)”.",
    ),
    "invalid_app_access": (ConfigurationError, _NOT_APPROVED),
    "OAUTH_APPROVAL_ERROR_GENERIC": (ConfigurationError, _NOT_APPROVED),
    "rate_limit_exceeded": (
        LimitReached,
        "Salesforce has seen too many log-ins of this user within an hour. Try again in an hour.",
    ),
    "unknown_error": (
        TransientError,
        "Salesforce's log-in is not available just now. Please try again in a minute.",
    ),
}
_KNOWN_ERRORS = {"invalid_grant", "invalid_request", *_BY_ERROR}
