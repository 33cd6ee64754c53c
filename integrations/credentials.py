"""A connection's secrets in the database: sealed, and renewed by one process at a time.

Whoever locks a connection's row, too, locks its credential first.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integrations import connection_states
from integrations.models import Connection, ConnectionCredential
from integrations.salesforce.access import Access
from integrations.salesforce.calling import LIMITS
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError, ReconnectRequired
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.session import TimeLimits
from integrations.salesforce.tokens import AppKeys, Tokens
from integrations.sealing import SecretUnreadable, seal, unseal

logger = logging.getLogger(__name__)

PREVIOUS_SECRET_LIFE = timedelta(days=1)


def app_keys(connection: Connection) -> AppKeys | None:
    """The external client app's key and secret, or None while nobody has pasted them."""
    credential = ConnectionCredential.objects.filter(connection=connection).first()
    if credential is None or not credential.sealed_consumer_secret:
        return None
    return AppKeys(
        consumer_key=unseal(
            credential.sealed_consumer_key, place=_place(connection, "consumer key")
        ),
        consumer_secret=unseal(
            credential.sealed_consumer_secret, place=_place(connection, "consumer secret")
        ),
    )


def signing_secrets(connection: Connection) -> list[str]:
    """The consumer secrets that Salesforce may have signed with: the present, and the last one."""
    credential = ConnectionCredential.objects.filter(connection=connection).first()
    if credential is None:
        return []
    sealed = [(credential.sealed_consumer_secret, "consumer secret")]
    if credential.previous_secret_until and credential.previous_secret_until > timezone.now():
        sealed.append((credential.sealed_previous_secret, "previous secret"))
    return [unseal(text, place=_place(connection, what)) for text, what in sealed if text]


def store_app_keys(connection: Connection, keys: AppKeys) -> None:
    """Replace the keys; what was signed with the secret of before is taken for a day."""
    _keep_previous_secret(connection, keys)
    _write(
        connection,
        sealed_consumer_key=seal(keys.consumer_key, place=_place(connection, "consumer key")),
        sealed_consumer_secret=seal(
            keys.consumer_secret, place=_place(connection, "consumer secret")
        ),
        keys_set_at=timezone.now(),
    )


def _keep_previous_secret(connection: Connection, keys: AppKeys) -> None:
    try:
        former = app_keys(connection)
    except SecretUnreadable:
        return  # the new keys are the way out of exactly that
    if former is None or former.consumer_secret == keys.consumer_secret:
        return
    place = _place(connection, "previous secret")
    _write(
        connection,
        sealed_previous_secret=seal(former.consumer_secret, place=place),
        previous_secret_until=timezone.now() + PREVIOUS_SECRET_LIFE,
    )


def store_tokens(connection: Connection, tokens: Tokens) -> None:
    _write(connection, **_sealed_tokens(connection, tokens))
    # An org that moves tells its new address with the next tokens.
    moved = Connection.objects.filter(pk=connection.pk).exclude(instance_url=tokens.instance_url)
    moved.update(instance_url=tokens.instance_url)


@transaction.atomic
def take_tokens(connection: Connection) -> Tokens | None:
    """Forget the tokens and return them to be revoked; None when there are none to be read."""
    credential = _locked(connection)
    if credential is None or not credential.sealed_access_token:
        return None
    forget_tokens(connection)
    try:
        return _opened_tokens(connection, credential)
    except SecretUnreadable as error:
        logger.warning("tokens cannot be revoked: %s", error.detail)
        return None


def forget_tokens(connection: Connection) -> None:
    _write(
        connection,
        sealed_access_token="",
        sealed_refresh_token="",
        identity_url="",
        renewed_at=None,
    )


class CredentialStore:
    """The tokens of one connection, for the wire; see ``salesforce.tokens.TokenStore``."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def load(self) -> Tokens:
        """Raise ReconnectRequired when somebody must log in to Salesforce first."""
        credential = ConnectionCredential.objects.filter(connection=self.connection).first()
        return self._usable_tokens(credential)

    def renew(self, stale_access_token: str, refresh: Callable[[Tokens], Tokens]) -> Tokens:
        """Tokens newer than ``stale_access_token``; ``refresh`` is called by one process at a time.

        Durable: a rotated refresh token exists once, so it is committed before anybody uses it. A
        refusal is written under the same lock, so that whoever waited for it does not ask again.
        """
        try:
            with transaction.atomic(durable=True):
                tokens = self._usable_tokens(_locked(self.connection))
                if tokens.access_token != stale_access_token:
                    return tokens
                try:
                    renewed = refresh(tokens)
                except ReconnectRequired as error:
                    connection_states.reconnect_required(self.connection, error.message)
                    if self.connection.state != Connection.State.RECONNECT_REQUIRED:
                        forget_tokens(self.connection)  # paused meanwhile: it stays so
                    refused = error
                else:
                    store_tokens(self.connection, renewed)
                    return renewed
        except ConfigurationError as error:
            connection_states.needs_attention(self.connection, error.message)
            raise
        raise refused

    def _usable_tokens(self, credential: ConnectionCredential | None) -> Tokens:
        state, reason = Connection.objects.values_list("state", "state_reason").get(
            pk=self.connection.pk
        )
        if state == Connection.State.RECONNECT_REQUIRED:
            raise ReconnectRequired(reason)
        if credential is None or not credential.sealed_access_token:
            raise ReconnectRequired("Nobody is logged in to Salesforce for this connection.")
        return _opened_tokens(self.connection, credential)


def oauth_app(connection: Connection, keys: AppKeys | None = None) -> OAuthApp:
    """The connection's external client app. Raise ConfigurationError while it has no key."""
    keys = keys or app_keys(connection)
    if keys is None:
        raise ConfigurationError(
            "The key and secret of your external client app are missing. Paste them in step 2."
        )
    return OAuthApp(
        login_url=connection.login_url,
        keys=keys,
        redirect_uri=callback_url(),
        allow_loopback=settings.SALESFORCE_ALLOW_LOOPBACK,
    )


def callback_url() -> str:
    """Where Salesforce sends people back to; the same for every connection of this site."""
    return f"{settings.BASE_URL}{reverse('salesforce_callback')}"


def client_for(
    connection: Connection, *, stop_at_usage: float = 0.9, limits: TimeLimits = LIMITS
) -> SalesforceClient:
    """Salesforce as the connecting user sees it, with the patience of a worker."""
    return SalesforceClient(access_to(connection), stop_at_usage=stop_at_usage, limits=limits)


def access_to(connection: Connection) -> Access:
    """As what the connecting user speaks to the org."""
    return Access(
        oauth_app(connection),
        CredentialStore(connection),
        settings.SALESFORCE_API_VERSION,
        settings.SALESFORCE_ALLOW_LOOPBACK,
    )


def _place(connection: Connection, secret: str) -> str:
    return f"connection {connection.pk}, {secret}"


def _locked(connection: Connection) -> ConnectionCredential | None:
    return (
        ConnectionCredential.objects.select_for_update(no_key=True)
        .filter(connection=connection)
        .first()
    )


def _write(connection: Connection, **values: str | datetime | None) -> None:
    ConnectionCredential.objects.update_or_create(
        connection=connection,
        defaults=values,
        create_defaults={"company_id": connection.company_id, **values},
    )


def _sealed_tokens(connection: Connection, tokens: Tokens) -> dict[str, str | datetime]:
    return {
        "sealed_access_token": seal(tokens.access_token, place=_place(connection, "access token")),
        "sealed_refresh_token": seal(
            tokens.refresh_token, place=_place(connection, "refresh token")
        ),
        "instance_url": tokens.instance_url,
        "identity_url": tokens.identity_url,
        "renewed_at": tokens.issued_at,
    }


def _opened_tokens(connection: Connection, credential: ConnectionCredential) -> Tokens:
    return Tokens(
        access_token=unseal(
            credential.sealed_access_token, place=_place(connection, "access token")
        ),
        refresh_token=unseal(
            credential.sealed_refresh_token, place=_place(connection, "refresh token")
        ),
        instance_url=credential.instance_url,
        identity_url=credential.identity_url,
        issued_at=credential.renewed_at or datetime.min.replace(tzinfo=UTC),
    )
