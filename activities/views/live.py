"""What changed since a version: as a stream, or asked for where a proxy holds streams back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.reach import number_in
from accounts.waiting import in_thread
from activities import feed as feeds
from activities.live import END, Follower, NotListening, as_payload, hub
from activities.viewer import NotLetIn, Viewer
from activities.views.feed import team_of

#: Silence would look like a dead connection to proxies, and to the page itself.
SIGN_OF_LIFE_SECONDS = 15.0
#: A stream ends before its bearer would; the page opens the next one with a new bearer.
LONGEST_STREAM_SECONDS = 540.0
_SIGN_OF_LIFE = b": here\n\n"


@dataclass(frozen=True)
class Wish:
    """What one page wants to hear of."""

    since: int
    team_id: int | None


def wish(request: HttpRequest, viewer: Viewer) -> Wish:
    team = team_of(viewer, request.GET.get("team", ""))
    return Wish(_version(request.GET.get("since", "")), team.pk if team else None)


def changes(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The changes as JSON; 204 when there are none."""
    wanted = wish(request, viewer)
    found = feeds.since(viewer.company.pk, viewer.user.pk, wanted.since, team_id=wanted.team_id)
    if found.version == wanted.since:
        return HttpResponse(status=204)
    zone = timezone.get_current_timezone_name()
    return JsonResponse(as_payload(found, viewer.at, zone), headers={"Cache-Control": "no-store"})


async def stream(
    request: HttpRequest,
    viewer: Viewer,
    wanted: Wish,
    *,
    ask_again: Callable[[], Awaitable[object]],
) -> HttpResponseBase:
    """Server-sent events, each the JSON of ``changes``; the first one says what was missed.

    ``ask_again`` raises `NotLetIn` where the viewer's access has ended since they were let in.
    """
    if not isinstance(request, ASGIRequest):
        return HttpResponse(status=503)  # this process serves pages only: the page asks instead
    try:
        await hub().ready()
    except NotListening:
        return HttpResponse(status=503)
    follower = Follower(viewer.company.pk, viewer.user.pk, viewer.at, wanted.team_id)
    return StreamingHttpResponse(
        _events(follower, wanted.since, ask_again),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    follower: Follower, since: int, ask_again: Callable[[], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """Joins with the first read: whoever leaves before it is nobody to tell anything to."""
    now = asyncio.get_running_loop().time
    ends_at = now() + LONGEST_STREAM_SECONDS
    try:
        await hub().join(follower)
        # An end of access that came before the hub knew this page was told to nobody.
        await ask_again()
        yield await in_thread(_missed, follower, since)
        while (left := ends_at - now()) > 0:
            try:
                async with asyncio.timeout(min(SIGN_OF_LIFE_SECONDS, left)):
                    message = await follower.queue.get()
            except TimeoutError:
                yield _SIGN_OF_LIFE
                continue
            if message is END:
                return
            yield message
    except (NotListening, NotLetIn, Http404):
        return  # the page asks for the next stream, and is answered there
    finally:
        hub().leave(follower)


def _missed(follower: Follower, since: int) -> bytes:
    found = feeds.since(follower.company_id, follower.user_id, since, team_id=follower.team_id)
    return b"data: " + json.dumps(as_payload(found, follower.at, "UTC")).encode() + b"\n\n"


def _version(text: str) -> int:
    version = number_in(text)
    if version is None:
        raise Http404("There is no such version.")
    return version
