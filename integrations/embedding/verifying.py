"""From the text of a signed request to somebody whom Salesforce vouches for."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache

from accounts.waiting import give_back_connection
from integrations.credentials import signing_secrets
from integrations.models import Connection
from integrations.salesforce import canvas
from integrations.salesforce.canvas import CanvasRequest, InvalidSignedRequest
from integrations.sealing import SecretUnreadable

logger = logging.getLogger(__name__)

#: Salesforce may post the same request again; it is asked again only when this time is over.
BELIEVED_SECONDS = 600


def verified(signed_request: str, connection: Connection) -> CanvasRequest:
    """The request, when this org signed it and its user is still logged in to Salesforce.

    Raises InvalidSignedRequest, or SalesforceError when Salesforce does not answer.
    """
    try:
        secrets = signing_secrets(connection)
    except SecretUnreadable as error:
        logger.warning("connection %s: %s", connection.pk, error.detail)
        secrets = []
    request = canvas.read(signed_request, secrets)
    if not connection.org_id or request.org_id != connection.org_id:
        raise InvalidSignedRequest("it comes from another org")
    believed = f"canvas:{connection.pk}:{request.digest}"
    if cache.get(believed):
        return request
    # Salesforce may take seconds, and others need the connection to the database meanwhile.
    give_back_connection()
    canvas.confirm(
        request,
        connection.instance_url or connection.login_url,
        allow_loopback=settings.SALESFORCE_ALLOW_LOOPBACK,
    )
    cache.set(believed, True, BELIEVED_SECONDS)
    return request
