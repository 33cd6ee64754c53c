"""Spoiling answers on the wire: the ASGI layer outside the app."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import json_answer
from .problems import ApiProblem, invalid_session

if TYPE_CHECKING:
    from .faults import Broken
    from .org import DemoOrg

# How often a stuck answer looks whether the client has gone.
LOOK_EVERY = 0.05
NO_LINGER = struct.pack("ii", 1, 0)
HTML = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in.</body></html>"

# The open connections by the client's address, so that a fault can cut one.
Connections = dict[tuple[str, int], asyncio.Transport]


@dataclass
class Captured:
    """An answer that was held back."""

    start: Message = field(default_factory=dict)
    body: bytes = b""


class FaultLayer:
    def __init__(self, app: ASGIApp, org: "DemoOrg", connections: Connections) -> None:
        self.app = app
        self.org = org
        self.connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        broken = self.org.faults.strike(scope["path"])
        if broken is None:
            await self.app(scope, receive, send)
            return
        answer = self.plain_answer(broken, scope)
        if answer is not None:
            await answer(scope, receive, send)
            return
        spoil = self.on_the_wire()[broken.kind.name]
        await spoil(broken, scope, receive, send)

    def plain_answer(self, broken: "Broken", scope: Scope) -> Response | None:
        """The answer of a fault that is nothing but another answer."""
        name = broken.kind.name
        if name == "token_expired":
            return self.end_session(scope)
        if name == "unavailable":
            return unavailable(broken.value)
        if name == "request_limit":
            message = f"{broken.value} Limit exceeded."
            return ApiProblem(403, "REQUEST_LIMIT_EXCEEDED", message).answer()
        if name == "server_error":
            message = "An unexpected error occurred. Please include this ErrorId: 42-1 (-1)"
            return ApiProblem(500, "UNKNOWN_EXCEPTION", message).answer()
        if name == "html_page":
            return Response(HTML, media_type="text/html")
        if name == "empty_body":
            return Response(b"", headers={"Content-Type": "application/json;charset=UTF-8"})
        if name == "locator_lost":
            return ApiProblem(400, "INVALID_QUERY_LOCATOR", "invalid query locator").answer()
        return None

    def on_the_wire(self) -> dict[str, Callable[..., Awaitable[None]]]:
        return {
            "hang": self.hang,
            "slow_drip": self.slow_drip,
            "half_page": self.half_page,
            "reset": self.reset,
        }

    def end_session(self, scope: Scope) -> Response:
        header = Request(scope).headers.get("authorization", "")
        self.org.authority.expire(header.split(" ")[-1])
        return invalid_session().answer()

    async def hang(self, broken: "Broken", scope: Scope, receive: Receive, send: Send) -> None:
        await self.until_given_up(scope, None)
        self.cut(scope)

    async def slow_drip(self, broken: "Broken", scope: Scope, receive: Receive, send: Send) -> None:
        captured = await self.capture(scope, receive)
        await send(captured.start)
        for n in range(len(captured.body)):
            await send(
                {"type": "http.response.body", "body": captured.body[n : n + 1], "more_body": True}
            )
            if await self.until_given_up(scope, float(broken.value)):
                self.cut(scope)
                return
        await send({"type": "http.response.body", "body": b""})

    async def half_page(self, broken: "Broken", scope: Scope, receive: Receive, send: Send) -> None:
        captured = await self.capture(scope, receive)
        await send(captured.start)
        half = captured.body[: len(captured.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        self.transport(scope).close()
        await self.until_given_up(scope, None)

    async def reset(self, broken: "Broken", scope: Scope, receive: Receive, send: Send) -> None:
        await self.capture(scope, receive)
        transport = self.transport(scope)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        transport.abort()
        await self.until_given_up(scope, None)

    async def capture(self, scope: Scope, receive: Receive) -> Captured:
        """Let the app do its work, and keep its answer here."""
        captured = Captured()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                captured.start = message
            else:
                captured.body += message.get("body", b"")

        await self.app(scope, receive, keep)
        return captured

    async def until_given_up(self, scope: Scope, seconds: float | None) -> bool:
        """Wait; True when the client went away meanwhile, or the org is being stopped."""
        loop = asyncio.get_running_loop()
        deadline = None if seconds is None else loop.time() + seconds
        while scope["client"] and tuple(scope["client"]) in self.connections:
            if self.org.stopping:
                return True
            if deadline is not None and loop.time() >= deadline:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True

    def transport(self, scope: Scope) -> asyncio.Transport:
        return self.connections[tuple(scope["client"])]

    def cut(self, scope: Scope) -> None:
        with contextlib.suppress(KeyError):
            self.transport(scope).abort()


def unavailable(retry_after: str) -> Response:
    if not retry_after:
        page = b"<html><body>Service Unavailable</body></html>"
        return Response(page, 503, media_type="text/html")
    message = "Server unavailable, we are down for maintenance"
    answer = json_answer([{"message": message, "errorCode": "SERVER_UNAVAILABLE"}], 503)
    answer.headers["Retry-After"] = retry_after
    return answer
