"""What lets somebody in: the client app, one-use codes, grants and access tokens."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class ClientApp:
    """What an admin would set up as an external client app."""

    name: str
    consumer_key: str
    consumer_secret: str
    callback_urls: list[str] = field(default_factory=list)
    # Whether it may come in by itself, as the org's integration user.
    client_credentials: bool = True


@dataclass
class Grant:
    """One user's approval of one app. `refresh_token` is the only one that is good now."""

    user_id: str
    app: ClientApp
    scope: str
    refresh_token: str
    revoked: bool = False


@dataclass
class AccessToken:
    user_id: str
    grant: Grant | None
    expires: datetime
    # Where the org was reached when this was issued; a move of the org ends it.
    instance_url: str


@dataclass(frozen=True)
class Code:
    user_id: str
    app: ClientApp
    redirect_uri: str
    challenge: str
    scope: str
    expires: datetime
