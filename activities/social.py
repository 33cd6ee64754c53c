"""Likes and comments. Each raises the feed's version, so that every open page shows it."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.reach import within_reach
from activities.feed_version import raise_version
from activities.models import ActivityReport, Comment, Like
from activities.text import isolated


class Refused(Exception):
    """Why it cannot be done, as a sentence for the person who tried."""


@transaction.atomic
def like(report_id: int, by: User) -> bool:
    """Whether anything changed: liking twice is liking once.

    Raises `Refused` for a report that was taken back, and 404 for one that ``by`` cannot see.
    """
    report = _visible(report_id, by)
    if Like.objects.filter(report=report, user=by).exists():
        return False
    version = _version_for_change(report)
    _, is_new = Like.objects.get_or_create(
        company_id=report.company_id, report_id=report.pk, user_id=by.pk
    )
    _stamp(report, version)
    return is_new


@transaction.atomic
def unlike(report_id: int, by: User) -> bool:
    """Whether anything changed. Raises like :func:`like`."""
    report = _visible(report_id, by)
    if not Like.objects.filter(report=report, user=by).exists():
        return False
    version = _version_for_change(report)
    deleted, _ = Like.objects.filter(report=report, user=by).delete()
    _stamp(report, version)
    return deleted > 0


@transaction.atomic
def comment(report_id: int, by: User, text: str) -> Comment:
    """Write a comment. The text is kept as written, markup too: the page shows it as text.

    Raises `Refused` when it is empty or too long, or the report was taken back; 404 as ever.
    """
    report = _visible(report_id, by)
    if len(text) > Comment.LONGEST:
        raise Refused(
            f"A comment has at most {Comment.LONGEST:,} characters; yours has {len(text):,}."
        )
    plain = isolated(text)
    if not plain:
        raise Refused("Write a few words first.")
    version = _version_for_change(report)
    made = Comment.objects.create(
        company_id=report.company_id, report=report, user=by, text=plain[: Comment.LONGEST]
    )
    _stamp(report, version)
    return made


@transaction.atomic
def delete_comment(comment_id: int, by: User, request: HttpRequest | None = None) -> None:
    """Delete one's own comment; as an admin, anybody's, which is audited.

    Raises `Refused` for somebody else's, 404 for one that is not there (any more).
    """
    standing = Comment.objects.filter(pk=comment_id, deleted_at__isnull=True)
    written = within_reach(standing.select_related("report"), by).first()
    if written is None:
        raise Http404("There is no such comment.")
    if written.user_id != by.pk and not (by.is_company_admin or by.is_superuser):
        raise Refused("Only its author or a company admin can delete this comment.")
    version = raise_version(written.company_id)
    deleted = Comment.objects.filter(pk=written.pk, deleted_at__isnull=True).update(
        deleted_at=timezone.now(), deleted_by=by
    )
    _stamp(written.report, version)
    if deleted and written.user_id != by.pk:
        audit.record(
            "comment.deleted", written, by=by, request=request, before={"text": written.text}
        )


def comments_on(
    report_id: int, viewer: User, before: int | None = None, size: int = 100
) -> list[Comment]:
    """The newest comments, of those before the one with id ``before``; oldest first, with authors.

    Raises 404 like :func:`like`.
    """
    report = _visible(report_id, viewer)
    rows = Comment.objects.filter(report=report, deleted_at__isnull=True)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    newest = rows.select_related("user").defer("user__search").order_by("-pk")[:size]
    return list(reversed(newest))


def _visible(report_id: int, viewer: User) -> ActivityReport:
    """The report where the viewer's feed shows it, or showed it before it was taken back."""
    report = (
        ActivityReport.objects.filter(
            pk=report_id,
            company=viewer.company_id,
            type__in_feed=True,
            user__hide_from_feed=False,
        )
        .defer("search")
        .first()
    )
    if report is None:
        raise Http404("There is no such report.")
    return report


def _version_for_change(report: ActivityReport) -> int:
    """The version to stamp with. From now on nobody else can take the report back."""
    version = raise_version(report.company_id)
    if ActivityReport.objects.filter(pk=report.pk, retracted_at__isnull=False).exists():
        raise Refused("This report was taken back, so it can no longer be liked or commented on.")
    return version


def _stamp(report: ActivityReport, version: int) -> None:
    ActivityReport.objects.filter(pk=report.pk).update(feed_version=version)
