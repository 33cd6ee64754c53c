"""Who may come in: issues and checks one-use codes, grants, access and refresh tokens."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .grants import AccessToken, ClientApp, Code, Grant

if TYPE_CHECKING:
    from .org import DemoOrg

CODE_LIFE = timedelta(minutes=15)
TOKEN_LIFE = timedelta(hours=2)
DEFAULT_SCOPE = "refresh_token api id"


class OAuthProblem(Exception):
    """A refusal of the token endpoint: HTTP 400 with Salesforce's `error` and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Authority:
    """Issues and checks codes and tokens. `rotation`: each refresh gives a new refresh token."""

    def __init__(self, org: "DemoOrg") -> None:
        self.org = org
        self.apps: dict[str, ClientApp] = {}
        self.rotation = False
        self.grants: list[Grant] = []
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, AccessToken] = {}
        self._approved: set[tuple[str, str]] = set()

    # -- apps and approval

    def app(self, consumer_key: str) -> ClientApp:
        app = self.apps.get(consumer_key)
        if app is None:
            raise OAuthProblem("invalid_client_id", "client identifier invalid")
        return app

    def authenticate(self, consumer_key: str, consumer_secret: str) -> ClientApp:
        app = self.app(consumer_key)
        if not hmac.compare_digest(app.consumer_secret, consumer_secret):
            raise OAuthProblem("invalid_client", "invalid client credentials")
        return app

    def approve(self, user_id: str, app: ClientApp) -> None:
        self._approved.add((user_id, app.consumer_key))

    def has_approved(self, user_id: str, app: ClientApp) -> bool:
        return (user_id, app.consumer_key) in self._approved

    # -- codes

    def issue_code(
        self, user_id: str, app: ClientApp, redirect_uri: str, challenge: str, scope: str
    ) -> str:
        code = f"aPrx{_opaque(60)}=="
        expires = self.org.store.clock() + CODE_LIFE
        self._codes[code] = Code(user_id, app, redirect_uri, challenge, scope, expires)
        return code

    def redeem(
        self, code_text: str, app: ClientApp, redirect_uri: str, verifier: str
    ) -> dict[str, Any]:
        """Exchange a code, once, for the token answer; OAuthProblem when anything is off."""
        with self.org.store.lock:
            code = self._codes.pop(code_text, None)
        if code is None or code.app is not app:
            raise OAuthProblem("invalid_grant", "authentication failure")
        if code.expires < self.org.store.clock():
            raise OAuthProblem("invalid_grant", "expired authorization code")
        if code.redirect_uri != redirect_uri:
            raise OAuthProblem("redirect_uri_mismatch", "redirect_uri must match configuration")
        if not verifier:
            raise OAuthProblem("invalid_grant", "code verifier is required")
        if not hmac.compare_digest(challenge_of(verifier), code.challenge):
            raise OAuthProblem("invalid_grant", "invalid code verifier")
        self.check_may_log_in(code.user_id)
        return self.grant(code.user_id, app, code.scope)

    # -- grants and tokens

    def grant(self, user_id: str, app: ClientApp, scope: str = DEFAULT_SCOPE) -> dict[str, Any]:
        """Approve `app` for the user and return the token answer, refresh token included."""
        grant = Grant(user_id, app, scope, _refresh_token())
        wants_refresh = {"refresh_token", "offline_access", "full"} & set(scope.split())
        with self.org.store.lock:
            self.grants.append(grant)
            self.approve(user_id, app)
            answer = self._answer(grant)
        return answer | {"refresh_token": grant.refresh_token} if wants_refresh else answer

    def refresh(self, refresh_token: str, app: ClientApp) -> dict[str, Any]:
        with self.org.store.lock:
            live = (g for g in self.grants if not g.revoked and g.refresh_token == refresh_token)
            grant = next(live, None)
            if grant is None or grant.app is not app:
                raise OAuthProblem("invalid_grant", "expired access/refresh token")
            self.check_may_log_in(grant.user_id)
            if not self.rotation:
                return self._answer(grant)
            grant.refresh_token = _refresh_token()
            return self._answer(grant) | {"refresh_token": grant.refresh_token}

    def client_credentials(self, app: ClientApp) -> dict[str, Any]:
        """The token answer for the app's “Run As” user; it never holds a refresh token."""
        if not app.client_credentials:
            raise OAuthProblem("invalid_grant", "no client credentials user enabled")
        self.check_may_log_in(self.org.integration_user_id)
        return self.grant(self.org.integration_user_id, app, "api id")

    def session(self, user_id: str) -> str:
        """An access token without a grant, as a log-in by browser or command line gets it."""
        return self._new_token(user_id, None)

    def revoke(self, token: str) -> bool:
        """End a refresh token with all its access tokens, or one access token; False: unknown."""
        with self.org.store.lock:
            if self._tokens.pop(token, None):
                return True
            for grant in self.grants:
                if grant.refresh_token == token and not grant.revoked:
                    self.revoke_grant(grant)
                    return True
        return False

    def revoke_grant(self, grant: Grant) -> None:
        with self.org.store.lock:
            grant.revoked = True
            self._approved.discard((grant.user_id, grant.app.consumer_key))
            ended = [text for text, token in self._tokens.items() if token.grant is grant]
            for text in ended:
                del self._tokens[text]

    def expire(self, access_token: str | None = None) -> None:
        """End one access token, or all of them; grants live on."""
        with self.org.store.lock:
            if access_token is None:
                self._tokens.clear()
            else:
                self._tokens.pop(access_token, None)

    def user_of(self, access_token: str) -> str | None:
        """The active user behind a good access token, else None."""
        token = self._good(access_token)
        return token.user_id if token else None

    def keep_alive(self, access_token: str) -> bool:
        """Lengthen a good token's life, as a client on the stream does by its presence."""
        token = self._good(access_token)
        if token is None:
            return False
        token.expires = self.org.store.clock() + TOKEN_LIFE
        return True

    def _good(self, access_token: str) -> AccessToken | None:
        token = self._tokens.get(access_token)
        if token is None or token.expires < self.org.store.clock():
            return None
        if token.instance_url != self.org.instance_url:
            return None
        user = self.org.store.get("User", token.user_id)
        return token if user and user["IsActive"] else None

    def check_may_log_in(self, user_id: str) -> None:
        user = self.org.store.get("User", user_id)
        if user is None or not user["IsActive"] or self.org.is_frozen(user_id):
            raise OAuthProblem("invalid_grant", "inactive user")

    def _answer(self, grant: Grant) -> dict[str, Any]:
        identity = self.org.identity_url(grant.user_id)
        issued_at = str(int(self.org.store.clock().timestamp() * 1000))
        secret = grant.app.consumer_secret.encode()
        digest = hmac.new(secret, (identity + issued_at).encode(), hashlib.sha256).digest()
        return {
            "access_token": self._new_token(grant.user_id, grant),
            "signature": base64.b64encode(digest).decode(),
            "scope": grant.scope,
            "instance_url": self.org.instance_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
        }

    def _new_token(self, user_id: str, grant: Grant | None) -> str:
        text = f"{self.org.org_id[:15]}!AQ{_opaque(94)}"
        expires = self.org.store.clock() + TOKEN_LIFE
        with self.org.store.lock:
            self._tokens[text] = AccessToken(user_id, grant, expires, self.org.instance_url)
        return text


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _refresh_token() -> str:
    return f"5Aep861{_opaque(80)}"


def _opaque(length: int) -> str:
    # Clients hold access tokens to [.\w]*, so there is no dash in them.
    return secrets.token_urlsafe(length).replace("-", ".")[:length]
