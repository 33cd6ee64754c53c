"""What must be kept to speak for a Salesforce user, and how it is kept without racing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class AppKeys:
    """The key and secret of the external client app in the company's org."""

    consumer_key: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """One user's access to one org."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)  # empty after the client credentials flow
    instance_url: str
    identity_url: str  # ends in /id/<organization id>/<user id>
    issued_at: datetime  # aware

    @property
    def revocable(self) -> str:
        """The token whose end ends this access."""
        return self.refresh_token or self.access_token


class Hidden(dict[str, Any]):
    """A form or an answer with secrets in it, whose values no traceback with variables shows."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}: hidden>"


class TokenStore(Protocol):
    """Keeps the tokens of one connection, for every process that uses it."""

    def load(self) -> Tokens: ...

    def renew(self, stale_access_token: str, refresh: Callable[[Tokens], Tokens]) -> Tokens:
        """Return tokens newer than `stale_access_token`.

        Serialised: when the kept access token is another one already, somebody else has renewed
        and the kept tokens are returned. Otherwise `refresh` is called under the lock and its
        result is kept for good before it is returned, because a rotated refresh token exists once.
        """
