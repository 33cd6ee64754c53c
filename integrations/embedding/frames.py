"""Which pages may show the tab in a frame: those of the connection's own org, and no other."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.http.response import HttpResponseBase

from integrations.models import Connection
from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.hosts import checked_url, origin

R = TypeVar("R", bound=HttpResponseBase)

#: Where each of Salesforce's clouds serves the org itself, and where its pages.
_CLOUDS = {
    ".my.salesforce.com": ("force.com",),
    ".my.salesforce.mil": ("crmforce.mil", "force.mil"),
    ".my.sfcrmproducts.cn": ("sfcrmapps.cn",),
}
_LOOPBACK = ("127.0.0.1", "localhost")


def frame_origins(connection: Connection) -> list[str]:
    """My Domain, Lightning and Visualforce of this org; empty while no address is known.

    All pages around ours count: in Lightning a Visualforce page may stand in between.
    """
    found: dict[str, None] = {}
    for url in (connection.login_url, connection.instance_url):
        try:
            own = origin(checked_url(url, allow_loopback=settings.SALESFORCE_ALLOW_LOOPBACK))
        except ConfigurationError:
            continue
        found.update(dict.fromkeys(_origins_of(own)))
    return list(found)


def may_be_framed(response: R, connection: Connection) -> R:
    """Let this response, and no other, be shown in the connection's frames."""
    ancestors = frame_origins(connection) or ["'none'"]
    response._csp_replace = {"frame-ancestors": ancestors}  # type: ignore[attr-defined]
    response.xframe_options_exempt = True  # type: ignore[attr-defined]
    response.headers["Cache-Control"] = "no-store"
    return response


def _origins_of(own: str) -> list[str]:
    parts = urlsplit(own)
    host = parts.hostname or ""
    if host in _LOOPBACK:
        port = f":{parts.port}" if parts.port else ""
        return [f"{parts.scheme}://{name}{port}" for name in _LOOPBACK]
    my_domain = next((ending for ending in _CLOUDS if host.endswith(ending)), None)
    if my_domain is None:
        return []
    name, dot, partition = host.removesuffix(my_domain).partition(".")
    pages = _CLOUDS[my_domain]
    return [
        own,
        *(f"https://{name}{dot}{partition}.lightning.{domain}" for domain in pages),
        *(f"https://{name}--c{dot}{partition}.vf.{domain}" for domain in pages),
    ]
