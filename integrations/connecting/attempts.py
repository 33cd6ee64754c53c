"""The log-ins to Salesforce under way: each state counts once, for the person who started it."""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from integrations.connecting.connecting_user import ConnectingUser
from integrations.models import AuthorizationAttempt, Connection
from integrations.salesforce.pkce import Pkce
from integrations.salesforce.tokens import Tokens
from integrations.sealing import seal, unseal

TIME_FOR_A_LOG_IN = timedelta(minutes=15)


class LogInRefused(Exception):
    """A log-in that does not count; the message is a sentence for the person, with what to do."""

    def __init__(self, message: str, connection: Connection | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.connection = connection


def start(connection: Connection, by: User, state: str, pkce: Pkce) -> None:
    digest = _digest(state)
    AuthorizationAttempt.objects.create(
        company_id=connection.company_id,
        connection=connection,
        state_digest=digest,
        sealed_verifier=seal(pkce.verifier, place=_place(digest, "verifier")),
        started_by=by,
        expires_at=timezone.now() + TIME_FOR_A_LOG_IN,
    )


def claim(state: str, by: User) -> AuthorizationAttempt:
    """The log-in under way that this state belongs to; it can be claimed once, by its starter.

    Whoever else holds the state learns nothing: not even that it exists.
    """
    now = timezone.now()
    known = AuthorizationAttempt.objects.filter(state_digest=_digest(state), started_by=by)
    claimed = known.filter(answered_at=None, expires_at__gt=now).update(answered_at=now)
    attempt = known.select_related("connection__company").first()
    if attempt is None:
        raise LogInRefused(
            "This log-in was not started by you in this browser, or is finished. "
            "Start it again from the connection's page."
        )
    if not claimed and attempt.answered_at is not None:
        raise LogInRefused(
            "This log-in was used already. Start it again from the connection's page.",
            attempt.connection,
        )
    if not claimed:
        raise LogInRefused(
            "This log-in took longer than 15 minutes. Start it again.", attempt.connection
        )
    return attempt


def keep(attempt: AuthorizationAttempt, tokens: Tokens, user: ConnectingUser) -> bool:
    """Hold what the log-in got until somebody says “Connect as …”.

    Return whether it is held: who ended the connection meanwhile has deleted it.
    """
    digest = attempt.state_digest
    values: dict[str, Any] = {
        "sealed_verifier": "",
        "sealed_access_token": seal(tokens.access_token, place=_place(digest, "access token")),
        "sealed_refresh_token": seal(tokens.refresh_token, place=_place(digest, "refresh token")),
        "instance_url": tokens.instance_url,
        "identity_url": tokens.identity_url,
        "identity": user.as_json(),
        "expires_at": timezone.now() + TIME_FOR_A_LOG_IN,
    }
    for name, value in values.items():
        setattr(attempt, name, value)
    return AuthorizationAttempt.objects.filter(pk=attempt.pk).update(**values) > 0


def finish(attempt: AuthorizationAttempt) -> bool:
    """Delete it; return whether it was still there, for two presses at once must not both count."""
    deleted, _ = AuthorizationAttempt.objects.filter(pk=attempt.pk).delete()
    return deleted > 0


def verifier_of(attempt: AuthorizationAttempt) -> str:
    return unseal(attempt.sealed_verifier, place=_place(attempt.state_digest, "verifier"))


def tokens_of(attempt: AuthorizationAttempt) -> Tokens:
    assert attempt.answered_at is not None
    digest = attempt.state_digest
    return Tokens(
        access_token=unseal(attempt.sealed_access_token, place=_place(digest, "access token")),
        refresh_token=unseal(attempt.sealed_refresh_token, place=_place(digest, "refresh token")),
        instance_url=attempt.instance_url,
        identity_url=attempt.identity_url,
        issued_at=attempt.answered_at,
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _place(state_digest: str, secret: str) -> str:
    return f"log-in {state_digest}, {secret}"
