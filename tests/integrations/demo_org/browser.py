"""A person at a browser, between the org and the app."""

from urllib.parse import parse_qs, urlsplit

import requests

from integrations.demo_org.authority import challenge_of
from integrations.demo_org.org import PASSWORD

from .client import CALLBACK, PATIENCE, Client

VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123456789"
INTEGRATION = "integration@maventech.example"


class Browser:
    """A person's browser: keeps cookies, and stops where the org sends it away."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.session = requests.Session()

    def authorize(self, method: str = "GET", /, **changes: str | None) -> requests.Response:
        asked = {
            "response_type": "code",
            "client_id": self.client.org.app.consumer_key,
            "redirect_uri": CALLBACK,
            "scope": "api refresh_token id",
            "state": "st&te=1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        params = {name: value for name, value in (asked | changes).items() if value is not None}
        return self.session.request(
            method,
            f"{self.client.url}/services/oauth2/authorize",
            params=params,
            data={"decision": self.decision} if method == "POST" else None,
            allow_redirects=False,
            timeout=PATIENCE,
        )

    decision = "allow"

    def log_in(self, username: str = INTEGRATION, password: str = PASSWORD) -> requests.Response:
        return self.session.post(
            f"{self.client.url}/login",
            data={"username": username, "password": password, "going_to": "/"},
            allow_redirects=False,
            timeout=PATIENCE,
        )

    def code(self) -> str:
        self.log_in()
        return sent_back(self.authorize("POST"))["code"]


def sent_back(answer: requests.Response) -> dict[str, str]:
    """What the org told the app in the redirect."""
    assert answer.status_code == 302, answer.text
    location = answer.headers["Location"]
    assert location.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
