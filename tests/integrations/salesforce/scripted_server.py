"""A real HTTP server on this machine that answers by a script: well, badly, or not at all."""

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

Answer = Callable[["_Handler"], None]


@dataclass
class SeenRequest:
    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class ScriptedServer:
    """Gives the queued answers in order; the last one again and again."""

    url: str = ""
    requests: list[SeenRequest] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _answers: deque[Answer] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, *answers: Answer) -> None:
        self._answers = deque(answers)

    def next_answer(self, request: SeenRequest) -> Answer:
        with self._lock:
            self.requests.append(request)
            return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    @property
    def bearers(self) -> list[str]:
        return [
            request.headers["Authorization"].removeprefix("Bearer ")
            for request in self.requests
            if "Authorization" in request.headers
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: ScriptedServer

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        seen = SeenRequest(self.command, self.path, dict(self.headers), form)
        self.script.next_answer(seen)(self)

    do_POST = do_GET
    do_CONNECT = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_server(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    script = ScriptedServer()
    handler = type("Handler", (_Handler,), {"script": script})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up here
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        script.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        try:
            yield script
        finally:
            script.over.set()
            server.shutdown()
            thread.join()


def json_answer(payload: object, status: int = 200, **headers: str) -> Answer:
    return text_answer(json.dumps(payload), status, "application/json;charset=UTF-8", **headers)


def error_answer(status: int, code: str, message: str = "", **headers: str) -> Answer:
    return json_answer([{"message": message, "errorCode": code}], status, **headers)


def html_answer(status: int = 200, **headers: str) -> Answer:
    page = "<html><body>We are down for maintenance</body></html>"
    return text_answer(page, status, "text/html", **headers)


def text_answer(text: str, status: int = 200, kind: str = "text/plain", **headers: str) -> Answer:
    def answer(handler: _Handler) -> None:
        body = text.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def half_body(payload: object) -> Answer:
    """Promise the whole text, send half of it and hang up."""

    def answer(handler: _Handler) -> None:
        body = json.dumps(payload).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return answer


def half_body_without_length(payload: object) -> Answer:
    def answer(handler: _Handler) -> None:
        body = json.dumps(payload).encode()
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return answer


def raw_answer(data: bytes) -> Answer:
    def answer(handler: _Handler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def reset(handler: _Handler) -> None:
    """Break the connection off by a TCP reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    handler.wfile.close = lambda: None  # type: ignore[method-assign]


def hang(handler: _Handler) -> None:
    handler.script.over.wait(30)
    handler.close_connection = True


def then_hang(head: bytes) -> Answer:
    def answer(handler: _Handler) -> None:
        handler.wfile.write(head)
        hang(handler)

    return answer


def drip(head: bytes) -> Answer:
    """After `head`, send one byte every 50 ms for as long as the client takes it."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(head)
        while not handler.script.over.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    return answer


def page(records: list[dict[str, Any]], total: int | None = None, next_url: str = "") -> Answer:
    return json_answer(page_payload(records, total, next_url))


def page_payload(
    records: list[dict[str, Any]], total: int | None = None, next_url: str = ""
) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "totalSize": len(records) if total is None else total,
        "done": not next_url,
        "records": records,
    }
    return payload | ({"nextRecordsUrl": next_url} if next_url else {})
