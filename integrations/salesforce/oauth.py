"""Logging in to Salesforce: web-server flow with PKCE, client credentials, refresh, identity."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import requests

from integrations.salesforce.errors import (
    ConfigurationError,
    ReconnectRequired,
    SalesforceError,
)
from integrations.salesforce.hosts import checked_url
from integrations.salesforce.oauth_errors import from_identity_response, from_token_response
from integrations.salesforce.pkce import Pkce
from integrations.salesforce.retry import retrying
from integrations.salesforce.session import (
    WHILE_SOMEBODY_WAITS,
    SalesforceSession,
    TimeLimits,
    retry_after,
)
from integrations.salesforce.token_response import not_understood, org_and_user, text, tokens_from
from integrations.salesforce.tokens import AppKeys, Hidden, Tokens

SCOPES = "api refresh_token id"
_SHARED_LOG_INS = ("login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True)
class Identity:
    """Who logged in. The e-mail is only a hint: anybody's may stand there."""

    org_id: str
    user_id: str
    username: str
    display_name: str
    email: str
    user_type: str  # STANDARD for an internal user


class OAuthApp:
    """The external client app of one org, as seen from here."""

    def __init__(
        self,
        login_url: str,
        keys: AppKeys,
        redirect_uri: str,
        allow_loopback: bool,
        *,
        limits: TimeLimits = WHILE_SOMEBODY_WAITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.login_url = checked_url(login_url, allow_loopback=allow_loopback)
        self.keys = keys
        self.redirect_uri = redirect_uri
        self.allow_loopback = allow_loopback
        self._limits = limits
        self._clock = clock
        self._sleep = sleep

    def authorize_url(self, state: str, pkce: Pkce, *, prompt: str = "") -> str:
        """Return where to send the browser.

        `prompt="login"` asks for a log-in although the browser has one, so that an admin can
        connect as another user than their own.
        """
        query = {
            "response_type": "code",
            "client_id": self.keys.consumer_key,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPES,
            "state": state,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
            "prompt": prompt,
        }
        given = {name: value for name, value in query.items() if value}
        return f"{self.login_url}/services/oauth2/authorize?{urlencode(given)}"

    def exchange(self, code: str, verifier: str) -> Tokens:
        """Turn the code of the callback into tokens; a code works once, for some minutes.

        Raises ReconnectRequired when the log-in must be started again.
        """
        answer = self._token_request(
            Hidden(
                grant_type="authorization_code",
                code=code,
                redirect_uri=self.redirect_uri,
                code_verifier=verifier,
            )
        )
        if not text(answer, "refresh_token"):
            raise ConfigurationError(
                "Salesforce gave access for a short time only. Add the scope “Perform requests at "
                "any time (refresh_token, offline_access)” to the external client app, then log "
                "in again."
            )
        return self._tokens(answer)

    def client_credentials(self) -> Tokens:
        """Tokens of the user that the app runs as, without a log-in; none of them is a refresh
        token. Salesforce offers this at My Domain only.
        """
        if urlsplit(self.login_url).hostname in _SHARED_LOG_INS:
            raise ConfigurationError(
                "The client credentials flow works at your My Domain only. Use the address that "
                "ends in .my.salesforce.com."
            )
        return self._tokens(self._token_request(Hidden(grant_type="client_credentials")))

    def refresh(self, tokens: Tokens) -> Tokens:
        """Return new tokens. Never tried twice: with rotation each refresh token works once.

        Raises ReconnectRequired when Salesforce has withdrawn the access.
        """
        if tokens.refresh_token:
            answer = self._token_request(
                Hidden(grant_type="refresh_token", refresh_token=tokens.refresh_token)
            )
            renewed = self._tokens(answer, before=tokens)
        else:
            renewed = self.client_credentials()
        if org_and_user(renewed.identity_url) != org_and_user(tokens.identity_url):
            raise ReconnectRequired(
                "Salesforce answered for another user than the one who connected. "
                "Log in to Salesforce again to reconnect."
            )
        return renewed

    def revoke(self, token: str) -> bool:
        """Withdraw a refresh token with all its access tokens, or one access token.

        Returns False when Salesforce did not know the token any more.
        """
        try:
            response = self._post("/services/oauth2/revoke", Hidden(token=token))
        except SalesforceError as error:
            if error.code in ("invalid_token", "unsupported_token_type"):
                return False
            raise
        # Salesforce confirms with nothing; a maintenance page may come with the same status.
        if _body(response).strip() and _parsed(response) is None:
            raise not_understood()
        return True

    def identity(self, tokens: Tokens) -> Identity:
        """Ask Salesforce who the tokens speak for."""
        url = checked_url(tokens.identity_url, allow_loopback=self.allow_loopback)
        answer = retrying(
            lambda left: self._get_identity(url, tokens, left),
            ends_at=self._clock() + self._limits.total,
            clock=self._clock,
            sleep=self._sleep,
        )
        ids = org_and_user(f"/id/{answer.get('organization_id')}/{answer.get('user_id')}")
        if ids != org_and_user(url):
            raise ReconnectRequired(
                "Salesforce answered for another user than the one who logged in. "
                "Please log in again."
            )
        return Identity(
            org_id=ids[0],
            user_id=ids[1],
            username=text(answer, "username"),
            display_name=text(answer, "display_name"),
            email=text(answer, "email"),
            user_type=text(answer, "user_type"),
        )

    def _tokens(self, answer: Hidden, before: Tokens | None = None) -> Tokens:
        return tokens_from(
            answer,
            keys=self.keys,
            allow_loopback=self.allow_loopback,
            before=before,
        )

    def _token_request(self, form: Hidden) -> Hidden:
        form["client_id"] = self.keys.consumer_key
        form["client_secret"] = self.keys.consumer_secret
        return _json_object(self._post("/services/oauth2/token", form))

    def _post(self, path: str, form: Hidden) -> requests.Response:
        with SalesforceSession(self.login_url, self._limits) as session:
            response = session.post(self.login_url + path, data=form)
        if response.status_code != 200:
            raise from_token_response(
                response.status_code,
                _body(response),
                retry_after=retry_after(response.headers),
                secrets=form.values(),
            )
        return response

    def _get_identity(self, url: str, tokens: Tokens, left: float) -> Hidden:
        with SalesforceSession(url, self._limits) as session:
            session.bearer = tokens.access_token
            response = session.get(url, timeout=session.timeout(at_most=left))
        if response.status_code != 200:
            raise from_identity_response(
                response.status_code,
                _body(response),
                retry_after=retry_after(response.headers),
            )
        return _json_object(response)


def _json_object(response: requests.Response) -> Hidden:
    answer = _parsed(response)
    if answer is None:
        raise not_understood()
    return answer


def _parsed(response: requests.Response) -> Hidden | None:
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        return None
    return Hidden(answer) if isinstance(answer, dict) else None


def _body(response: requests.Response) -> str:
    return response.content.decode("utf-8", "replace")
