from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company, User

from .connection import Connection


class TabVisitor(models.Model):
    """A Salesforce user who opened the tab, with an account or without; who may ask for one."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="tab_visitors", db_constraint=False
    )
    salesforce_user_id = models.CharField("Salesforce user id", max_length=18)
    name = models.CharField(max_length=255, blank=True)
    last_opened_at = models.DateTimeField("last opened")
    asked_at = models.DateTimeField("asked to be added", null=True, blank=True)
    declined_at = models.DateTimeField("declined", null=True, blank=True)
    declined_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    declined_reason = models.CharField(
        "reason", max_length=255, blank=True, help_text="Shown to the person in the tab."
    )

    class Meta:
        verbose_name = "visitor of the tab"
        verbose_name_plural = "visitors of the tab"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "salesforce_user_id"], name="one_visitor_a_salesforce_user"
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "asked_at"],
                condition=Q(asked_at__isnull=False, declined_at__isnull=True),
                name="asked_to_be_added",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.salesforce_user_id
