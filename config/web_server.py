"""``python -m config.web_server``: uvicorn, behind a socket that lets go of pages that don't read.

An open stream whose client has gone silent would otherwise stay for hours: the kernel's buffers
take megabytes, and its time-out is a quarter of an hour.
"""

from __future__ import annotations

import argparse
import socket

import uvicorn

#: What the kernel may keep for one client; more, and the sender waits and notices.
SEND_BUFFER = 64 * 1024
#: Milliseconds in which a client must have taken what was sent.
TAKEN_WITHIN = 20_000


def listening(host: str, port: int) -> socket.socket:
    """A listening socket; the connections that it accepts inherit its options."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKEN_WITHIN)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.web_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    parser.add_argument("--seconds-to-stop", type=int, default=3, help="for open pages to end")
    parser.add_argument("--forwarded-allow-ips", default="127.0.0.1", metavar="IPS")
    options = parser.parse_args()
    server = uvicorn.Server(
        uvicorn.Config(
            "config.asgi:application",
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=options.seconds_to_stop,
            forwarded_allow_ips=options.forwarded_allow_ips,
        )
    )
    server.run(sockets=[listening(options.host, options.port)])


if __name__ == "__main__":
    main()
