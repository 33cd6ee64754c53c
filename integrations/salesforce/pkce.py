"""What ties an answer of Salesforce's log-in to the browser that was sent out for it."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pkce:
    """Proof that the browser which comes back is the one that we sent out."""

    verifier: str = field(repr=False)
    challenge: str


def new_state() -> str:
    """Return 256 random bits; the caller ties them to the browser's session and uses them once."""
    return secrets.token_urlsafe(32)


def new_pkce() -> Pkce:
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Pkce(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
