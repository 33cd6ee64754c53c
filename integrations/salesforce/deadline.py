"""A limit for one whole HTTP exchange.

The time-outs of requests and urllib3 start anew with every byte, so a server that sends one byte a
second holds a worker for ever. Here every read of the socket, of headers too, gets the time left.
"""

import io
import socket
import time
from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from http.client import HTTPResponse
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

_BUFFER = 64 * 1024  # a page of 2,000 rows has one and a half megabytes

_ends_at: ContextVar[float] = ContextVar("ends_at")  # in time.monotonic's seconds


class DeadlineAdapter(HTTPAdapter):
    """Expects a urllib3.Timeout with connect, read and total; all three are kept."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,  # requests has no type for urllib3.Timeout
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        assert isinstance(timeout, Timeout)
        assert isinstance(timeout.total, int | float)
        token = _ends_at.set(time.monotonic() + timeout.total)
        try:
            return super().send(request, stream, cast(Any, timeout), verify, cert, proxies)
        finally:
            _ends_at.reset(token)


class LoopbackAdapter(DeadlineAdapter):
    """Speaks plain http, and never through a proxy, to a server on this machine.

    simple-salesforce builds https addresses whatever the instance's own scheme is.
    """

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        assert request.url is not None
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **{**kwargs, "proxies": {}})


class _LimitedReader(io.RawIOBase):
    """Reads a socket until the deadline: each read may wait as long as is left of it."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, ends_at: float) -> None:
        self._raw = raw
        self._sock = sock
        self._ends_at = ends_at
        self._longest_wait = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took longer than its total limit")
        self._sock.settimeout(left if self._longest_wait is None else min(left, self._longest_wait))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LimitedResponse(HTTPResponse):
    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        ends_at: float,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        raw: Any = self.fp.detach()
        self.fp = io.BufferedReader(_LimitedReader(raw, sock, ends_at), _BUFFER)


class _LimitedConnection(HTTPConnection):
    @property
    def response_class(self) -> Any:  # type: ignore[override]
        return partial(_LimitedResponse, ends_at=_ends_at.get())


class _LimitedTLSConnection(HTTPSConnection):
    @property
    def response_class(self) -> Any:  # type: ignore[override]
        return partial(_LimitedResponse, ends_at=_ends_at.get())


class _LimitedPool(HTTPConnectionPool):
    ConnectionCls = _LimitedConnection


class _LimitedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _LimitedTLSConnection


_POOLS = {"http": _LimitedPool, "https": _LimitedTLSPool}
