"""One report with what colleagues say about it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.reach import number_in
from activities import feed as feeds
from activities import social
from activities.models import Comment
from activities.rendering import is_part, page, rendered
from activities.social import Refused
from activities.viewer import Viewer

SHOWN = 100


def report(request: HttpRequest, viewer: Viewer, report_id: int) -> HttpResponse:
    before = _comment_id(request.GET.get("before", ""))
    if before is None or not is_part(request):
        return _shown(request, viewer, report_id, before=before)
    values = {"report_id": report_id, **_comments(viewer, report_id, before)}
    return page(request, viewer, "activities/said.html", values)


def comment(request: HttpRequest, viewer: Viewer, report_id: int) -> HttpResponse:
    text = request.POST.get("text", "")
    try:
        social.comment(report_id, viewer.user, text)
    except Refused as refusal:
        return _shown(request, viewer, report_id, problem=str(refusal), text=text, status=422)
    return _shown_changed(request, viewer, report_id)


def delete(request: HttpRequest, viewer: Viewer, comment_id: int) -> HttpResponse:
    written = Comment.objects.filter(pk=comment_id, company=viewer.company).first()
    if written is None:
        raise Http404("There is no such comment.")
    report_id = written.report_id
    try:
        social.delete_comment(comment_id, viewer.user, request)
    except Refused as refusal:
        return _shown(request, viewer, report_id, problem=str(refusal), status=403)
    return _shown_changed(request, viewer, report_id)


def _shown_changed(request: HttpRequest, viewer: Viewer, report_id: int) -> HttpResponse:
    """Without a script the page is read again; with one, the report's button counts again, too."""
    if not is_part(request):
        return redirect(f"{viewer.at}reports/{report_id}/")
    return _shown(request, viewer, report_id, is_changed=True)


def _shown(
    request: HttpRequest,
    viewer: Viewer,
    report_id: int,
    *,
    before: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The newest comments for htmx, or the whole page of the report."""
    item = feeds.one(viewer.company.pk, viewer.user.pk, report_id)
    values = {
        "title": "Comments",
        "report_id": report_id,
        "report": item,
        "longest": Comment.LONGEST,
        **_comments(viewer, report_id, before),
        **more,
    }
    if is_part(request):
        return page(request, viewer, "activities/comments.html", values, status)
    shown = rendered(item, viewer) if item else ""
    return page(request, viewer, "activities/report_page.html", values | {"shown": shown}, status)


def _comments(viewer: Viewer, report_id: int, before: int | None) -> dict[str, Any]:
    written = social.comments_on(report_id, viewer.user, before, size=SHOWN + 1)
    return {
        "comments": written[-SHOWN:],
        "has_earlier": len(written) > SHOWN,
        "is_earlier": before is not None,
        "may_moderate": viewer.user.is_company_admin,
    }


def _comment_id(text: str) -> int | None:
    if not text:
        return None
    comment_id = number_in(text)
    if comment_id is None:
        raise Http404("There is no such comment.")
    return comment_id
