from __future__ import annotations

from django.db import models

from accounts.models import Company, User

from .report import ActivityReport


class Feed(models.Model):
    """A company's feed as a whole: what an ``ETag`` and a live client compare.

    Every transaction that changes what the feed shows raises ``version`` and stamps the changed
    reports with it; the row stays locked until the commit, so the order of versions is the order of
    commits.
    """

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="feed")
    version = models.BigIntegerField(default=0)
    renewed_version = models.BigIntegerField(
        default=0,
        help_text="The last version that changed more than single reports, such as a name: who has"
        " seen less reads the whole page again.",
    )

    def __str__(self) -> str:
        return f"Feed of {self.company_id} at {self.version}"


class Like(models.Model):
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    report = models.ForeignKey(
        ActivityReport,
        on_delete=models.CASCADE,
        related_name="likes",
        db_constraint=False,
        db_index=False,
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="likes", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "user"], name="one_like_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.report_id}"


class Comment(models.Model):
    LONGEST = 2000

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    report = models.ForeignKey(
        ActivityReport,
        on_delete=models.CASCADE,
        related_name="comments",
        db_constraint=False,
        db_index=False,
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="comments", db_constraint=False
    )
    text = models.CharField(max_length=LONGEST)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["report", "created_at", "id"], name="comment_in_order"),
            models.Index(fields=["company", "-id"], name="comment_newest_first"),
        ]

    def __str__(self) -> str:
        return f"Comment {self.pk} on {self.report_id}"
