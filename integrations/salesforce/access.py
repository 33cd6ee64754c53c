"""What it takes to speak to one org as one user."""

import re
from dataclasses import dataclass

from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.hosts import checked_url
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.tokens import Tokens, TokenStore


@dataclass(frozen=True)
class Access:
    """The app, where its tokens are kept, and the version of the API that is spoken."""

    app: OAuthApp
    store: TokenStore
    api_version: str  # such as 66.0
    allow_loopback: bool

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{2,3}\.0", self.api_version):
            raise ConfigurationError(
                f"“{self.api_version}” is not a version of Salesforce's API. It should look like"
                " 66.0."
            )

    def server(self, tokens: Tokens) -> str:
        """Return the address of the org's instance, which is one of Salesforce's."""
        return checked_url(tokens.instance_url, allow_loopback=self.allow_loopback)
