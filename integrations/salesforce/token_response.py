"""Reading what the token endpoint answers, and believing only what it can prove."""

import base64
import hmac
import re
from datetime import UTC, datetime

from integrations.salesforce.errors import ConfigurationError, TransientError
from integrations.salesforce.hosts import checked_url
from integrations.salesforce.ids import InvalidSalesforceId, to_18
from integrations.salesforce.tokens import AppKeys, Hidden, Tokens

_FIT_FOR_A_HEADER = re.compile(r"[\x21-\x7e]+")
_IDENTITY_URL = re.compile(r".*/id/([A-Za-z0-9]{15,18})/([A-Za-z0-9]{15,18})", re.ASCII)


def tokens_from(
    answer: Hidden,
    *,
    keys: AppKeys,
    allow_loopback: bool,
    before: Tokens | None = None,
) -> Tokens:
    """Return the tokens of an answer; what a refresh leaves out stays as it was `before`."""
    if not _FIT_FOR_A_HEADER.fullmatch(text(answer, "access_token")):
        raise not_understood()
    _check_signature(answer, keys)
    identity_url = text(answer, "id") or (before.identity_url if before else "")
    org_and_user(identity_url)
    return Tokens(
        access_token=text(answer, "access_token"),
        refresh_token=text(answer, "refresh_token") or (before.refresh_token if before else ""),
        # The instance moves now and then, so the newest answer always wins.
        instance_url=checked_url(text(answer, "instance_url"), allow_loopback=allow_loopback),
        identity_url=checked_url(identity_url, allow_loopback=allow_loopback),
        issued_at=_moment(text(answer, "issued_at")),
    )


def org_and_user(identity_url: str) -> tuple[str, str]:
    """Return the organization's and the user's id, 18 characters each.

    Raises ConfigurationError when the address is not an identity URL.
    """
    found = _IDENTITY_URL.fullmatch(identity_url)
    try:
        if found:
            return to_18(found[1]), to_18(found[2])
    except InvalidSalesforceId:
        pass  # the same error as for any other unreadable address
    raise ConfigurationError(
        "Salesforce's answer to the log-in does not say who logged in. Please tell support.",
        detail=f"unreadable identity URL {identity_url[:100]!r}",
    )


def text(answer: Hidden, name: str) -> str:
    """Return a text of the answer, or an empty one when there is none."""
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def not_understood() -> TransientError:
    return TransientError(
        "Salesforce's log-in answered with something else than expected, such as a maintenance "
        "page. Please try again in a minute."
    )


def _check_signature(answer: Hidden, keys: AppKeys) -> None:
    """Salesforce signs identity URL and time with the consumer secret."""
    signature = text(answer, "signature")
    if not signature:
        return
    signed = text(answer, "id") + text(answer, "issued_at")
    digest = hmac.digest(keys.consumer_secret.encode(), signed.encode("utf-8", "replace"), "sha256")
    if not hmac.compare_digest(base64.b64encode(digest), signature.encode("utf-8", "replace")):
        raise ConfigurationError(
            "The signature of Salesforce's answer does not fit the consumer secret. "
            "Copy the secret again from the external client app, then log in again."
        )


def _moment(milliseconds: str) -> datetime:
    """`issued_at` is the epoch in milliseconds, as text; it may be missing."""
    if re.fullmatch(r"[0-9]{1,14}", milliseconds, re.ASCII):
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return datetime.now(UTC)
