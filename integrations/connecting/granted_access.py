"""An access that Salesforce has just granted, and that is kept nowhere yet: whose it is."""

import logging
from collections.abc import Callable

from django.conf import settings

from integrations.connecting.attempts import LogInRefused
from integrations.connecting.connecting_user import ConnectingUser
from integrations.models import Connection
from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ReconnectRequired, SalesforceError
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS
from integrations.salesforce.tokens import Tokens

logger = logging.getLogger(__name__)


def who(connection: Connection, app: OAuthApp, tokens: Tokens) -> ConnectingUser:
    """Whose access it is. Raise LogInRefused for another org, or SalesforceError."""
    identity = app.identity(tokens)
    refuse_another_org(connection, identity.org_id)
    with _client(app, tokens) as client:
        return ConnectingUser.read(identity, client)


def refuse_another_org(connection: Connection, org_id: str) -> None:
    """Raise LogInRefused where the connection is of another org, or the org of another one."""
    if connection.org_id and connection.org_id != org_id:
        raise LogInRefused(
            f"You logged in to another Salesforce org ({org_id}) than the one that this "
            f"connection belongs to: {connection.org_name or connection.org_id}. Its mappings "
            "would point at the wrong people, so nothing was changed. Log in to the same org, or "
            "add a new connection for the other one.",
            connection,
        )
    twin = Connection.objects.filter(company_id=connection.company_id, org_id=org_id)
    if other := twin.exclude(pk=connection.pk).first():
        raise LogInRefused(
            f"This Salesforce org is already connected as “{other}”. Use that connection instead.",
            connection,
        )


def give_back(app: OAuthApp, tokens: Tokens) -> None:
    """Let Salesforce end it; what we do does not depend on that."""
    try:
        app.revoke(tokens.revocable)
    except SalesforceError as error:
        logger.warning("an access that is no longer used was not revoked: %s", error.detail)


def _client(app: OAuthApp, tokens: Tokens) -> SalesforceClient:
    access = Access(
        app,
        _JustGiven(tokens),
        settings.SALESFORCE_API_VERSION,
        settings.SALESFORCE_ALLOW_LOOPBACK,
    )
    return SalesforceClient(access, limits=WHILE_SOMEBODY_WAITS)


class _JustGiven:
    """Tokens that are kept nowhere yet, because nobody has said “Connect as …”."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def load(self) -> Tokens:
        return self.tokens

    def renew(self, stale_access_token: str, refresh: Callable[[Tokens], Tokens]) -> Tokens:
        raise ReconnectRequired(
            "Salesforce took the access back right after the log-in. Please log in again."
        )
