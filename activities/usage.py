"""Which accounts have left something in the feed; see ``accounts.usage``."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef

from accounts.models import User
from activities.models import ActivityReport, Comment, Like


def left_behind(account_ids: Collection[int]) -> dict[int, str]:
    """What each account left here, in words; accounts that left nothing are not listed.

    A report counts also when it was taken back, and a comment when it was deleted.
    """
    traces = User.objects.filter(pk__in=account_ids).values_list(
        "pk",
        Exists(ActivityReport.objects.filter(user=OuterRef("pk"))),
        Exists(Comment.objects.filter(user=OuterRef("pk"))),
        Exists(Like.objects.filter(user=OuterRef("pk"))),
    )
    words = {pk: _in_words(reports, comments, likes) for pk, reports, comments, likes in traces}
    return {pk: did for pk, did in words.items() if did}


def _in_words(has_reports: bool, has_commented: bool, has_liked: bool) -> str:
    if has_reports:
        return "has activity reports"
    if has_commented:
        return "has commented"
    return "has liked a report" if has_liked else ""
