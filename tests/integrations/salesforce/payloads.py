"""What Salesforce answers to a log-in and to queries, for the scripted server."""

import base64
import hmac
from typing import Any

from .conftest import CONSUMER_SECRET, ORG, USER
from .scripted_server import ScriptedServer

SOQL = "SELECT Id, Name FROM User"
OTHER_USER = "005x00000012Q9QAAU"


def token_payload(server: ScriptedServer, **changes: Any) -> dict[str, Any]:
    """A token response as Salesforce sends it, rightly signed unless a change says otherwise."""
    payload = {
        "access_token": "00Dx0000000BV7z!CanaryAccess.2",
        "refresh_token": "5AepCanaryRefresh2",
        "scope": "refresh_token api id",
        "instance_url": server.url,
        "id": f"{server.url}/id/{ORG}/{USER}",
        "token_type": "Bearer",
        "issued_at": "1278448832702",
    } | changes
    signed = f"{payload['id']}{payload['issued_at']}".encode()
    digest = hmac.digest(CONSUMER_SECRET.encode(), signed, "sha256")
    signature = base64.b64encode(digest).decode()
    return {
        name: value
        for name, value in ({"signature": signature} | payload).items()
        if value is not None
    }


def identity_payload(**changes: Any) -> dict[str, Any]:
    return {
        "user_id": USER,
        "organization_id": ORG,
        "username": "sync@acme.example",
        "display_name": "Sync User",
        "email": "sync@acme.example",
        "email_verified": True,
        "user_type": "STANDARD",
        "active": True,
    } | changes


def user(number: int) -> dict[str, Any]:
    attributes = {"type": "User", "url": f"/services/data/v66.0/sobjects/User/{number}"}
    return {"attributes": attributes, "Id": f"id {number}", "Name": f"User {number}"}


def next_url(offset: int) -> str:
    return f"/services/data/v66.0/query/01gRO0000016PIAYA2-{offset}"
