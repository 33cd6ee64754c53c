"""A client of the org that knows nothing of how it is made."""

from dataclasses import dataclass
from typing import Any

import requests

from integrations.demo_org import DemoOrg

CALLBACK = "http://testserver/callback"
PATIENCE = 5.0
USERS = "SELECT Id FROM User"


@dataclass
class Client:
    """A bare HTTP client of the org, connected as one user."""

    url: str
    org: DemoOrg
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def get(self, path: str, **more: Any) -> requests.Response:
        headers = self.headers | more.pop("headers", {})
        timeout = more.pop("timeout", PATIENCE)
        return requests.get(self.url + path, headers=headers, timeout=timeout, **more)

    def query(self, soql: str, **more: Any) -> requests.Response:
        return self.get("/services/data/v66.0/query", params={"q": soql}, **more)

    def records(self, soql: str) -> list[dict[str, Any]]:
        answer = self.query(soql)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["records"]
        return found

    def token(self, **form: str) -> requests.Response:
        app = self.org.app
        keys = {"client_id": app.consumer_key, "client_secret": app.consumer_secret}
        url = f"{self.url}/services/oauth2/token"
        return requests.post(url, data=keys | form, timeout=PATIENCE)

    def refresh(self) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=self.tokens["refresh_token"])

    def connect(self, username: str) -> None:
        self.tokens = self.org.grant(username)


def code_of(answer: requests.Response) -> str:
    code: str = answer.json()[0]["errorCode"]
    return code
