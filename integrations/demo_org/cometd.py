"""The stream of changes over HTTP: long polling by POST, and what wakes it."""

import asyncio
import contextlib
import json
import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .answers import json_answer
from .bayeux import Exchange
from .stream_sessions import Session

if TYPE_CHECKING:
    from .org import DemoOrg

OLDEST_VERSION, NEWEST_VERSION = 37, 68
LARGEST_BODY = 32_768


class CometD:
    def __init__(self, org: "DemoOrg") -> None:
        self.org = org
        self.sessions: dict[str, Session] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        org.changes.on_commit = self.wake_all

    def routes(self) -> list[Route]:
        return [
            Route("/cometd/{version}", self.messages, methods=["POST"]),
            # Some clients add the name of the message to the address.
            Route("/cometd/{version}/{kind}", self.messages, methods=["POST"]),
            Route("/cometd/{rest:path}", self.not_this_way, methods=["GET"]),
        ]

    async def not_this_way(self, request: Request) -> Response:
        return PlainTextResponse("Only long polling by POST is spoken here.", 400)

    def wake_all(self) -> None:
        """Let every held connect look again; from any thread."""
        if self._loop is not None:
            # The loop is closed when the server stopped before the last change.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for session in self.sessions.values():
            session.woken.set()

    async def messages(self, request: Request) -> Response:
        self._loop = asyncio.get_running_loop()
        version = re.fullmatch(r"(\d{2,3})\.0", request.path_params["version"])
        if version is None or not OLDEST_VERSION <= int(version[1]) <= NEWEST_VERSION:
            text = "400::API version in the URI is mandatory. URI format: '/cometd/66.0'"
            return json_answer([{"successful": False, "error": text}], 400)
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return PlainTextResponse("413::Maximum Request Size Exceeded", 413)
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return PlainTextResponse("400::Bad Request", 400)
        asked = asked if isinstance(asked, list) else [asked]
        if not request.headers.get("authorization"):
            text = "401::Request requires authentication."
            return json_answer([{"successful": False, "error": text}], 401)
        return await Exchange(self.org, self.sessions, request, asked).answer()
