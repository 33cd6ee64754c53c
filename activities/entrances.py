"""The same pages behind two doors: the session at ``/``, the tab's bearer below ``/embed/…``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.models import User
from accounts.time_zone import zone_of
from accounts.waiting import give_back_connection
from activities.viewer import Identify, NotLetIn, Viewer
from activities.views import by_hand, comments, feed, leaderboard, live, my_activity

Page = Callable[..., HttpResponse]

#: A script that follows the feed takes no log-in page for an answer.
_READ_BY_SCRIPTS = ("application/json", "text/event-stream")


def pages(identify: Identify, *, needs_csrf_token: bool = True) -> list[URLPattern]:
    """Every page and action, for whoever ``identify`` lets in."""

    def door(view: Page) -> Callable[..., HttpResponseBase]:
        behind = _behind(identify, view)
        return behind if needs_csrf_token else csrf_exempt(behind)

    def read(view: Page) -> Callable[..., HttpResponseBase]:
        return require_safe(door(view))

    def act(view: Page) -> Callable[..., HttpResponseBase]:
        # The decorators of Django keep the exemption of what they wrap.
        return require_POST(door(view))

    return [
        path("feed/", read(feed.feed), name="feed"),
        path("feed/team/", act(feed.choose_team), name="choose_team"),
        path("feed/changes/", read(live.changes), name="feed_changes"),
        path("feed/live/", require_GET(_live(identify)), name="feed_live"),
        path("feed/side/", read(leaderboard.side), name="feed_side"),
        path("reports/<int:report_id>/", read(comments.report), name="report"),
        path("reports/<int:report_id>/like/", act(feed.like), name="like"),
        path("reports/<int:report_id>/comment/", act(comments.comment), name="comment"),
        path("comments/<int:comment_id>/delete/", act(comments.delete), name="delete_comment"),
        path("leaderboard/", read(leaderboard.leaderboard), name="leaderboard"),
        path("my-activity/", read(my_activity.my_activity), name="my_activity"),
        path("report/", door(by_hand.report_by_hand), name="report_by_hand"),
    ]


def by_session(request: HttpRequest, key: str) -> Viewer:
    """Whoever is logged in here and belongs to a company."""
    user = request.user
    if isinstance(user, User) and user.company_id is not None:
        return Viewer(user, at=reverse("home"))
    if isinstance(user, User):
        raise NotLetIn(redirect("admin:index"))
    if "HX-Request" in request.headers:
        raise NotLetIn(HttpResponse(status=401, headers={"HX-Redirect": reverse("login")}))
    if request.headers.get("Accept", "") in _READ_BY_SCRIPTS:
        raise NotLetIn(HttpResponse(status=401))
    raise NotLetIn(redirect_to_login(request.get_full_path()))


def _behind(identify: Identify, view: Page) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, key: str = "", **kwargs: Any) -> HttpResponseBase:
        try:
            viewer = identify(request, key)
        except NotLetIn as refusal:
            return refusal.response
        with timezone.override(zone_of(viewer.user)):
            response = view(request, viewer, *args, **kwargs)
        # The browser may keep it, and must ask each time whether it is still right.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return wrapped


def _live(identify: Identify) -> Callable[..., Any]:
    """The stream lives long: its connection to the database goes back before it begins."""

    def let_in(request: HttpRequest, key: str) -> tuple[Viewer, live.Wish]:
        try:
            request.user = get_user(request)  # as the account is now, each time it is asked
            viewer = identify(request, key)
            return viewer, live.wish(request, viewer)
        finally:
            give_back_connection()

    async def view(request: HttpRequest, key: str = "") -> HttpResponseBase:
        ask = partial(sync_to_async(let_in), request, key)
        try:
            viewer, wish = await ask()
            return await live.stream(request, viewer, wish, ask_again=ask)
        except NotLetIn as refusal:
            return refusal.response

    return view
