from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_base import CompanyScopedAdmin
from accounts.reach import person
from activities import social
from activities.models import Comment

from .filters import DeletedFilter


@admin.register(Comment)
class CommentAdmin(CompanyScopedAdmin[Comment]):
    """For moderating: read, and delete from the feed. What was written is never changed."""

    list_display = ["created_at", "user", "words", "report", "state"]
    list_display_links = ["created_at"]
    list_filter = [DeletedFilter]
    list_select_related = ["user", "report", "deleted_by"]
    ordering = ["-id"]
    sortable_by = ()
    actions = ["delete_from_feed"]
    fields = ("created_at", "user", "words", "report", "state")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        comments = super().get_queryset(request).select_related("user", "report", "deleted_by")
        return comments.defer("user__search", "report__search", "deleted_by__search")

    @admin.display(description="comment")
    def words(self, comment: Comment) -> SafeString:
        return format_html("<bdi>{}</bdi>", comment.text)

    @admin.display(description="state")
    def state(self, comment: Comment) -> str:
        if comment.deleted_at is None:
            return "In the feed"
        return f"Deleted by {comment.deleted_by or 'somebody who is gone'}"

    @admin.action(description="Delete from the feed", permissions=["delete"])
    @transaction.atomic
    def delete_from_feed(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        chosen = queryset.filter(deleted_at__isnull=True).order_by("pk")
        deleted = 0
        for pk in chosen.values_list("pk", flat=True):
            with suppress(Http404):  # its author was quicker
                social.delete_comment(pk, person(request), request)
                deleted += 1
        count = "1 comment" if deleted == 1 else f"{deleted} comments"
        self.message_user(request, f"Deleted {count} from the feed.", messages.SUCCESS)

    def get_actions(self, request: HttpRequest) -> Any:
        """Without Django's own deletion, which would leave no trace."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For the list's action only: one comment's page offers no deletion from the database."""
        return obj is None and super().has_delete_permission(request, obj)
