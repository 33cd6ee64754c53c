from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT

from .company import Company
from .user import User


class AuditEntry(models.Model):
    """Who did what to what, from where. Outlives its actor; the database refuses changes."""

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_entries"
    )
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty when Scoreline did it by itself, or the person is gone.",
    )
    actor_name = models.CharField(max_length=254, blank=True)
    address = models.GenericIPAddressField("IP address", null=True, blank=True)
    action = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64)
    subject_name = models.CharField(max_length=254, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["company", "-at", "-id"], name="audit_newest_first"),
            models.Index(fields=["-at", "-id"], name="audit_of_all_newest_first"),
            models.Index(
                fields=["company", "subject_type", "subject_id", "-at"], name="audit_of_a_subject"
            ),
            models.Index("company", KT("after__plan"), name="audit_of_a_plan"),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {in_words(self.action)}, {self.subject_name}"

    @property
    def who(self) -> str:
        return self.actor_name or settings.PRODUCT_NAME


def in_words(action: str) -> str:
    """What people read: “plan.approved” is “Change: approved”, for so a plan is called on pages."""
    if action.startswith("plan."):
        action = action.replace("plan", "change", 1)
    return action.replace(".", ": ").replace("_", " ").capitalize()
