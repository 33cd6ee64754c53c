"""Ending a connection: syncing stops and access is given back; what was made here stays."""

import logging

from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from integrations import connection_states
from integrations.connecting import logging_in
from integrations.credentials import oauth_app, take_tokens
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.errors import SalesforceError

logger = logging.getLogger(__name__)


def terminate(connection: Connection, *, by: User, request: HttpRequest | None = None) -> bool:
    """Return whether Salesforce has confirmed that the access is revoked.

    Where it has not, the access lives on there, but nobody has its tokens any more.
    """
    with transaction.atomic():
        tokens = take_tokens(connection)
        connection_states.terminated(connection, by=by, request=request)
        log_ins = AuthorizationAttempt.objects.filter(connection=connection)
        log_ins.filter(sealed_access_token="").delete()
    for attempt in log_ins.select_related("connection"):
        logging_in.forget(attempt)
    if tokens is None:
        return True
    try:
        oauth_app(connection).revoke(tokens.revocable)
    except SalesforceError as error:
        logger.warning(
            "the access of connection %s was not revoked: %s", connection.pk, error.detail
        )
        return False
    return True
