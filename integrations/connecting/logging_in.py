"""Logging in to Salesforce for a connection: begin, come back, say who it is, connect."""

import logging

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.waiting import give_back_connection
from integrations import connection_states
from integrations.connecting import attempts
from integrations.connecting.attempts import LogInRefused
from integrations.connecting.check import request_check
from integrations.connecting.connecting_user import ConnectingUser
from integrations.connecting.granted_access import give_back, refuse_another_org, who
from integrations.credentials import oauth_app, store_app_keys, store_tokens, take_tokens
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.pkce import new_pkce, new_state
from integrations.salesforce.tokens import AppKeys, Tokens

logger = logging.getLogger(__name__)


def begin(connection: Connection, by: User) -> str:
    """Return the address in Salesforce where ``by`` can log in within 15 minutes.

    Raise ConfigurationError while the connection has no key or no valid address.
    """
    app = oauth_app(connection)
    state, pkce = new_state(), new_pkce()
    attempts.start(connection, by, state, pkce)
    # Nobody connects as themselves by accident: Salesforce asks, also where it knows the browser.
    return app.authorize_url(state, pkce, prompt="login")


def come_back(state: str, code: str, by: User) -> AuthorizationAttempt:
    """Exchange the code that Salesforce sent ``by`` back with, and keep who it is for.

    Raise LogInRefused; the state is used up either way.
    """
    attempt = attempts.claim(state, by)
    connection = attempt.connection
    try:
        app, verifier = oauth_app(connection), attempts.verifier_of(attempt)
        give_back_connection()  # Salesforce may take its time, and others need the database
        tokens = app.exchange(code, verifier)
        try:
            user = who(connection, app, tokens)
        except (SalesforceError, LogInRefused):
            give_back(app, tokens)
            raise
    except LogInRefused:
        attempt.delete()
        raise
    except SalesforceError as error:
        attempt.delete()
        logger.warning("a log-in to Salesforce failed: %s", error.detail or error.message)
        raise LogInRefused(error.message, connection) from error
    if not attempts.keep(attempt, tokens, user):
        give_back(app, tokens)
        raise LogInRefused("The integration was terminated meanwhile. Connect again.", connection)
    return attempt


def give_up(state: str, by: User) -> Connection | None:
    """Use up the state of a log-in that Salesforce refused; return whose it was."""
    try:
        attempt = attempts.claim(state, by)
    except LogInRefused:
        return None
    attempt.delete()
    return attempt.connection


def connect_as(
    attempt: AuthorizationAttempt, *, by: User, request: HttpRequest | None = None
) -> None:
    """Make the user of this log-in the connecting user; mappings stay as they are.

    Raise LogInRefused when it is finished already, or the connection has another org meanwhile.
    """
    connection = attempt.connection
    tokens, user = attempts.tokens_of(attempt), ConnectingUser(**attempt.identity)
    with transaction.atomic():
        if not attempts.finish(attempt):
            raise LogInRefused("This log-in was used already. Start it again.", connection)
        former = take_tokens(connection)
        _connect(connection, tokens, user, by=by, request=request)
    _revoke_former(oauth_app(connection), former, tokens)


def connect_directly(connection: Connection, tokens: Tokens, *, by: User | None = None) -> None:
    """Connect with tokens that were got without a browser: client credentials, or the demo's.

    Raise LogInRefused for another org, or SalesforceError.
    """
    app = oauth_app(connection)
    user = who(connection, app, tokens)
    with transaction.atomic():
        former = take_tokens(connection)
        _connect(connection, tokens, user, by=by, request=None)
    _revoke_former(app, former, tokens)


def connect_app(connection: Connection, keys: AppKeys, *, by: User | None) -> None:
    """Connect as the app's own user. ``connection`` may be new, or have another address.

    Neither it nor the keys are kept before the org has said who it is. Raise LogInRefused for
    another org, or SalesforceError.
    """
    app = oauth_app(connection, keys)
    tokens = app.client_credentials()
    user = who(connection, app, tokens)
    with transaction.atomic():
        keep_app(connection, keys)
        former = take_tokens(connection)
        _connect(connection, tokens, user, by=by, request=None)
    _revoke_former(app, former, tokens)


@transaction.atomic
def keep_app(connection: Connection, keys: AppKeys) -> None:
    """Save the address and the keys; ``connection`` may be new."""
    if connection.pk is None:
        connection.save()
    store_app_keys(connection, keys)
    connection.save(update_fields=["login_url"])


def who_the_app_is(connection: Connection, keys: AppKeys) -> ConnectingUser:
    """As whom client credentials would connect. Nothing is kept.

    The access is left to end by itself: Salesforce may have handed out the session that a
    connection lives on. Raise LogInRefused for another org, or SalesforceError.
    """
    app = oauth_app(connection, keys)
    return who(connection, app, app.client_credentials())


def forget(attempt: AuthorizationAttempt) -> None:
    """Give back the access that this log-in got; nothing of the connection changes."""
    if not attempts.finish(attempt):
        return
    try:
        app, tokens = oauth_app(attempt.connection), attempts.tokens_of(attempt)
    except SalesforceError as error:
        logger.warning("the access of a log-in cannot be revoked: %s", error.detail)
        return
    give_back(app, tokens)


def forget_expired() -> None:
    """Log-ins that nobody finished: their access is given back. Called each minute."""
    long_ago = timezone.now() - attempts.TIME_FOR_A_LOG_IN
    waiting = AuthorizationAttempt.objects.select_related("connection")
    for attempt in waiting.filter(expires_at__lt=long_ago).exclude(sealed_access_token=""):
        forget(attempt)
    AuthorizationAttempt.objects.filter(expires_at__lt=long_ago, sealed_access_token="").delete()


def _connect(
    connection: Connection,
    tokens: Tokens,
    user: ConnectingUser,
    *,
    by: User | None,
    request: HttpRequest | None,
) -> None:
    connection.refresh_from_db()
    refuse_another_org(connection, user.org_id)
    before = {"connecting user": connection.connecting_username}
    store_tokens(connection, tokens)
    _describe(connection, user)
    connection_states.connected(connection, by=by, request=request)
    audit.record(
        "connection.connecting_user",
        connection,
        by=by,
        request=request,
        before=before,
        after={"connecting user": user.username, "org": user.org_id},
    )
    request_check(connection)


def _describe(connection: Connection, user: ConnectingUser) -> None:
    environment = Connection.Environment
    now = {
        "org_id": user.org_id,
        "org_name": user.org_name,
        "environment": environment.SANDBOX if user.is_sandbox else environment.PRODUCTION,
        "connecting_user_id": user.user_id,
        "connecting_user_name": user.name,
        "connecting_username": user.username,
        "check_findings": [],
    }
    try:
        with transaction.atomic():
            Connection.objects.filter(pk=connection.pk).update(**now)
    except IntegrityError:
        # Another connection of the company came to the org first: it can be named by now.
        refuse_another_org(connection, user.org_id)
        raise
    connection.refresh_from_db()


def _revoke_former(app: OAuthApp, former: Tokens | None, now: Tokens) -> None:
    """Salesforce may give one session out twice: then the former access is the present one."""
    if former is not None and former.revocable != now.revocable:
        give_back(app, former)
