from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company

from .connection import Connection


class TabVisitor(models.Model):
    """A Salesforce user who opened the tab, with an account or without; who may ask for one.

    Declining is ignoring: the reason why a Salesforce user is ignored is shown to them.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="tab_visitors", db_constraint=False
    )
    salesforce_user_id = models.CharField("Salesforce user id", max_length=18)
    name = models.CharField(max_length=255, blank=True)
    last_opened_at = models.DateTimeField("last opened")
    asked_at = models.DateTimeField("asked to be added", null=True, blank=True)

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
                condition=Q(asked_at__isnull=False),
                name="asked_to_be_added",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.salesforce_user_id
