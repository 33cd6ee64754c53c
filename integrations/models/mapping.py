from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company, User

from .connection import Connection


class Approach(models.TextChoices):
    """The four ways in which a Salesforce user gets an account; all are one pipeline."""

    ON_DEMAND = "on_demand", "On demand"
    MANUAL = "manual", "Manual"
    AUTOMATIC = "automatic", "Automatic"
    ALL_ACTIVE = "all_active", "All active users"


class UserMapping(models.Model):
    """Which account a Salesforce user is: the key is the org and the user's id, never an e-mail.

    A former mapping goes on attributing the records of somebody who came back as a new user.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="mappings", db_constraint=False
    )
    salesforce_user_id = models.CharField("Salesforce user id", max_length=18)
    account = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="mappings", db_constraint=False
    )
    is_current = models.BooleanField(default=True)
    approach = models.CharField(max_length=12, choices=Approach)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "mapping"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "salesforce_user_id"], name="one_mapping_a_salesforce_user"
            ),
            models.UniqueConstraint(
                fields=["connection", "account"],
                condition=Q(is_current=True),
                name="one_current_mapping_an_account",
            ),
            models.CheckConstraint(
                condition=Q(salesforce_user_id__regex=r"^005[0-9A-Za-z]{15}$"),
                name="mapped_user_id_has_18_characters",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.salesforce_user_id} → account {self.account_id}"
