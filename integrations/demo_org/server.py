"""Serving the org on loopback: in the foreground, or in a thread for tests."""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import create_app
from .org import DemoOrg
from .web_faults import Connections

HOST = "127.0.0.1"
START_SECONDS = 10
STOP_SECONDS = 5
TICK = 0.1  # on_tick counts on it


class PortInUse(OSError):
    """Somebody else listens on the wanted port."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; 0 takes any free port."""
    # Named TCP, for asyncio sends small answers at once only then; 40 ms later otherwise.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise PortInUse(f"Port {port} on {HOST} can't be used: {error.strerror}.") from error
    return listener


class OrgServer(uvicorn.Server):
    """uvicorn that knows its connections, lets go of stuck answers, and stops without delay.

    uvicorn itself looks every 0.1 s whether it shall stop, and then whether it may. For a test
    with an org of its own that would be most of its time.
    """

    def __init__(self, org: DemoOrg, listener: socket.socket) -> None:
        self.org = org
        self.listener = listener
        self._told_to_stop = asyncio.Event()
        connections: Connections = {}
        org.url = f"http://{HOST}:{listener.getsockname()[1]}"
        org.stopping = False
        config = uvicorn.Config(
            create_app(org, connections),
            http=_protocol(connections),
            ws="none",
            lifespan="off",
            server_header=False,
            log_config=None,
            log_level=logging.WARNING,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), TICK)

    def stop(self) -> None:
        """Begin to stop; from any thread."""
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._told_to_stop.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.org.stop()
        closing = asyncio.create_task(super().shutdown(sockets))
        await asyncio.sleep(0)  # By now it has closed everything that has nothing left to say.
        state = self.server_state
        while not closing.done() and (state.connections or state.tasks):
            await asyncio.sleep(0.002)
        closing.cancel()


def _protocol(connections: Connections) -> type[H11Protocol]:
    """uvicorn's protocol, which writes down its connections for the faults that cut them."""

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                connections.pop(self.client, None)
            super().connection_lost(exc)

    return Protocol


def serve(org: DemoOrg, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    OrgServer(org, listener).run(sockets=[listener])


@dataclass(frozen=True)
class Running:
    url: str
    org: DemoOrg


@contextmanager
def run_in_thread(org: DemoOrg, port: int = 0) -> Iterator[Running]:
    """Serve on a real socket in a thread, for the time of the `with` block."""
    listener = listen(port)
    server = OrgServer(org, listener)
    failures: list[BaseException] = []

    def run(**arguments: Any) -> None:
        try:
            asyncio.run(server.serve(**arguments))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            failures.append(error)

    thread = threading.Thread(target=run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and not failures and time.monotonic() < deadline:
        time.sleep(0.005)
    if not server.started:
        raise RuntimeError("The demo org did not start.") from (failures[0] if failures else None)
    try:
        yield Running(org.url, org)
    finally:
        server.stop()
        thread.join(STOP_SECONDS * 2)
        listener.close()
