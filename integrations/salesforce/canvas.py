"""Canvas: reading the signed request with which Salesforce opens our page in its frame.

The signature is an HMAC over the Base64 text as it arrived. It proves who wrote the request, not
that it is fresh: `issuedAt` is empty as a rule and Salesforce may send the same text again, so
`confirm` asks Salesforce whether the access token inside is still good, and whose it is.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.salesforce.errors import ReconnectRequired, SalesforceError
from integrations.salesforce.hosts import checked_url
from integrations.salesforce.ids import ORGANIZATION, USER, InvalidSalesforceId, prefix, to_18
from integrations.salesforce.oauth_errors import from_identity_response
from integrations.salesforce.session import SalesforceSession, TimeLimits

#: Salesforce's own is about 4 kB; parameters that an admin adds may make it longer.
LONGEST = 64 * 1024
ALGORITHM = "HMACSHA256"
_SIGNATURE_BYTES = 32
# A person looks at an empty frame meanwhile.
CONFIRM_LIMITS = TimeLimits(connect=3, read=5, total=5)


class InvalidSignedRequest(ValueError):
    """Not a signed request of this org. The message is for the log and holds nothing of it."""


@dataclass(frozen=True)
class CanvasRequest:
    """Who opened the tab, and where."""

    org_id: str  # ids have 18 characters
    user_id: str
    digest: str  # of the signed text: the same request sent again has the same
    oauth_token: str = field(repr=False)
    user_name: str = ""
    target_origin: str = ""  # as the request says: check it before anything is sent there


def read(signed_request: str, consumer_secrets: Sequence[str]) -> CanvasRequest:
    """The request, when one of the secrets signed it; nothing of it is parsed before that.

    Raises InvalidSignedRequest.
    """
    if len(signed_request) > LONGEST:
        raise InvalidSignedRequest(f"longer than {LONGEST} characters")
    if not signed_request.isascii():
        raise InvalidSignedRequest("not ASCII")
    signature, dot, envelope = signed_request.partition(".")
    if not dot:
        raise InvalidSignedRequest("no dot between signature and envelope")
    _check_signature(_decoded(signature, "signature"), envelope, consumer_secrets)
    return _parsed(envelope)


def confirm(request: CanvasRequest, server: str, *, allow_loopback: bool) -> None:
    """Have Salesforce say that the request's token is good, and is this user's of this org.

    `server` is the connection's own address, never one out of the request. Raises
    InvalidSignedRequest when Salesforce says otherwise, SalesforceError when it says nothing.
    """
    url = checked_url(server, allow_loopback=allow_loopback)
    with SalesforceSession(url, CONFIRM_LIMITS) as session:
        session.bearer = request.oauth_token
        response = session.get(f"{url}/services/oauth2/userinfo")
    if response.status_code != 200:
        body = response.content.decode("utf-8", "replace")
        error = from_identity_response(response.status_code, body)
        if isinstance(error, ReconnectRequired) or response.status_code in (401, 403):
            raise InvalidSignedRequest("its access token is not good any more")
        raise error
    try:
        answer = response.json()
        found = to_18(str(answer["organization_id"])), to_18(str(answer["user_id"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SalesforceError("Salesforce did not say whose the tab is. Try again.") from None
    if found != (request.org_id, request.user_id):
        raise InvalidSignedRequest("its access token belongs to somebody else")


def _decoded(text: str, what: str) -> bytes:
    """Standard Base64, or the URL's alphabet, which some of Salesforce's own libraries take."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSignedRequest(f"the {what} is not Base64") from None


def _check_signature(signature: bytes, envelope: str, consumer_secrets: Sequence[str]) -> None:
    if len(signature) != _SIGNATURE_BYTES:
        raise InvalidSignedRequest("the signature is not one of HMAC-SHA256")
    matches = [
        hmac.compare_digest(
            hmac.digest(secret.encode(), envelope.encode(), hashlib.sha256), signature
        )
        for secret in consumer_secrets
        if secret
    ]
    if not any(matches):
        raise InvalidSignedRequest("signed with another secret, or changed on the way")


def _parsed(envelope: str) -> CanvasRequest:
    try:
        payload = json.loads(_decoded(envelope, "envelope"))
    except (ValueError, RecursionError) as error:
        raise InvalidSignedRequest("the envelope is not JSON") from error
    if not isinstance(payload, dict):
        raise InvalidSignedRequest("the envelope is not an object")
    if payload.get("algorithm") != ALGORITHM:
        raise InvalidSignedRequest("the algorithm is not HMACSHA256")
    user = _part(payload, "context", "user")
    user_id = _id(payload.get("userId"), USER)
    if user.get("userId") is not None and _id(user.get("userId"), USER) != user_id:
        raise InvalidSignedRequest("it names two users")
    token = _text(_part(payload, "client"), "oauthToken")
    if not token or not all("!" <= character <= "~" for character in token):
        raise InvalidSignedRequest("there is no access token in it")
    return CanvasRequest(
        org_id=_id(_part(payload, "context", "organization").get("organizationId"), ORGANIZATION),
        user_id=user_id,
        digest=hashlib.sha256(envelope.encode()).hexdigest(),
        oauth_token=token,
        user_name=_text(user, "fullName") or _text(user, "userName"),
        target_origin=_text(_part(payload, "client"), "targetOrigin"),
    )


def _part(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    part: Any = payload
    for name in names:
        part = part.get(name) if isinstance(part, dict) else None
    return part if isinstance(part, dict) else {}


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""


def _id(value: object, wanted: str) -> str:
    try:
        record_id = to_18(value if isinstance(value, str) else "")
    except InvalidSalesforceId:
        raise InvalidSignedRequest("an id in it is none") from None
    if prefix(record_id) != wanted:
        raise InvalidSignedRequest("an id in it is of another kind")
    return record_id
