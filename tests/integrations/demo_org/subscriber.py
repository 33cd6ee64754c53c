"""A bare Bayeux client."""

from typing import Any

import requests

from integrations.demo_org import DemoOrg

from .client import PATIENCE, Client

DEALS, ALL = "/data/OpportunityChangeEvent", "/data/ChangeEvents"

Message = dict[str, Any]


class Subscriber:
    """Sends Bayeux messages one by one; every answer is the list that came back."""

    def __init__(self, client: Client, scheme: str = "Bearer") -> None:
        self.session = requests.Session()
        self.token: str = client.tokens["access_token"]
        self.session.headers["Authorization"] = f"{scheme} {self.token}"
        self.url = f"{client.url}/cometd/66.0"
        self.id = ""

    def post(self, *messages: Message, **more: Any) -> list[Message]:
        answer = self.session.post(self.url, json=list(messages), timeout=PATIENCE, **more)
        told: list[Message] = answer.json()
        return told

    def send(self, channel: str, **more: Any) -> Message:
        client = {"clientId": self.id} if self.id else {}
        return self.post({"channel": channel, **client, **more})[-1]

    def handshake(self) -> Message:
        told = self.send("/meta/handshake", version="1.0")
        self.id = told.get("clientId", "")
        return told

    def subscribe(self, channel: str = DEALS, replay: Any = None) -> Message:
        ext = {} if replay is None else {"ext": {"replay": {channel: replay}}}
        return self.send("/meta/subscribe", subscription=channel, **ext)

    def connect(self, **more: Any) -> list[Message]:
        return self.post({"channel": "/meta/connect", "clientId": self.id, **more})

    def events(self) -> list[Message]:
        return [each["data"] for each in self.connect() if "data" in each]


def a_deal(org: DemoOrg) -> str:
    row = next(row for row in org.store.rows("Opportunity") if not row["IsDeleted"])
    record_id: str = row["Id"]
    return record_id


def header(event: Message) -> Message:
    found: Message = event["payload"]["ChangeEventHeader"]
    return found
