"""One session with Salesforce's stream: Bayeux messages by long polling, and nothing about why."""

import json
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3 import Timeout

from integrations.salesforce.errors import TransientError, from_response
from integrations.salesforce.session import SalesforceSession, TimeLimits, retry_after
from integrations.salesforce.tokens import Tokens

Message = Mapping[str, Any]

HOLD_SECONDS = 110.0  # until the server's advice says otherwise
_LOOK_EVERY = 0.2
_LONGEST_HOLD = 3600.0


class LongPolling:
    """Sends one message at a time. `look` is called while it waits, and may raise to give up.

    Salesforce ties a client to a cookie, so each session has a jar of its own.
    """

    def __init__(
        self,
        server: str,
        tokens: Tokens,
        api_version: str,
        limits: TimeLimits,
        look: Callable[[], None],
    ) -> None:
        """`server` is an address that `hosts.checked_url` let through."""
        self._session = SalesforceSession(server, limits)
        self._session.bearer = tokens.access_token
        self._secrets = (tokens.access_token, tokens.refresh_token)
        self._url = f"{server}/cometd/{api_version}"
        self._limits = limits
        self._look = look
        self._client_id = ""
        self._sent = 0
        self._hold = HOLD_SECONDS

    def close(self) -> None:
        self._session.close()

    def handshake(self) -> Message:
        """Return the reply; with a good one the server knows this client from now on."""
        reply, _ = self.send(
            {
                "channel": "/meta/handshake",
                "version": "1.0",
                "minimumVersion": "1.0",
                "supportedConnectionTypes": ["long-polling"],
                "ext": {"replay": True},
            }
        )
        self._client_id = str(reply.get("clientId") or "")
        if reply.get("successful") is True and not self._client_id:
            raise _not_understood("a handshake without a client id")
        return reply

    def connect(self, *, hold: bool = True) -> tuple[Message, list[Message], float]:
        """Wait for messages as long as the server holds the answer.

        Return the reply, what came, and the seconds that the server wants between two connects.
        """
        message: dict[str, Any] = {"channel": "/meta/connect", "connectionType": "long-polling"}
        if not hold:
            message["advice"] = {"timeout": 0}
        reply, delivered = self.send(message)
        advice = reply.get("advice")
        told = advice if isinstance(advice, Mapping) else {}
        self._hold = _seconds(told.get("timeout"), self._hold)
        return reply, delivered, _seconds(told.get("interval"), 0.0)

    def subscribe(self, channel: str, replay: str | int) -> tuple[Message, list[Message]]:
        """Ask for what came after the message `replay`."""
        ext = {"replay": {channel: replay}}
        return self.send({"channel": "/meta/subscribe", "subscription": channel, "ext": ext})

    def send(self, message: dict[str, Any]) -> tuple[Message, list[Message]]:
        """Return the reply, successful or not, and the messages that were delivered with it.

        Raises SalesforceError when the answer is none of Bayeux.
        """
        self._sent += 1
        client = {"clientId": self._client_id} if self._client_id else {}
        held = self._hold if message["channel"] == "/meta/connect" else 0.0
        answers = self._understood(self._post({**message, **client, "id": str(self._sent)}, held))
        delivered = [one for one in answers if "data" in one]
        for one in answers:
            if one.get("channel") == message["channel"] or one.get("successful") is False:
                return one, delivered
        raise _not_understood("no reply to the message")

    def _post(self, message: Message, hold: float) -> requests.Response:
        """Post from a thread of its own, because a held answer must not hold up the caller."""
        limits = self._limits
        timeout: Any = Timeout(
            connect=limits.connect, read=limits.read + hold, total=limits.total + hold
        )
        arrived: queue.SimpleQueue[requests.Response | Exception] = queue.SimpleQueue()

        def post() -> None:
            try:
                arrived.put(self._session.post(self._url, json=[message], timeout=timeout))
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                arrived.put(error)

        threading.Thread(target=post, name="salesforce stream", daemon=True).start()
        while True:
            try:
                answer = arrived.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                self._look()
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer

    def _understood(self, response: requests.Response) -> list[Message]:
        """The messages of an answer: also a refusal with another status than 200 may have some."""
        body = response.content.decode("utf-8", "replace")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, list) and answer and all(_is_message(one) for one in answer):
            return answer
        if response.status_code >= 300:
            wait = retry_after(response.headers)
            raise from_response(response.status_code, body, retry_after=wait, secrets=self._secrets)
        raise _not_understood(f"HTTP {response.status_code}, {len(body)} characters")


def _is_message(one: object) -> bool:
    return isinstance(one, dict) and ("channel" in one or "successful" in one)


def _seconds(milliseconds: object, otherwise: float) -> float:
    if not isinstance(milliseconds, int | float) or milliseconds < 0:
        return otherwise
    return min(milliseconds / 1000, _LONGEST_HOLD)


def _not_understood(detail: str) -> TransientError:
    return TransientError(
        "Salesforce's stream answered with something else than changes, such as a maintenance "
        "page. It is tried again by itself.",
        detail=detail,
    )
