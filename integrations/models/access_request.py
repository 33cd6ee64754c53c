from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from accounts.models import Company, User

from .connection import Connection
from .plan import SyncPlan


class AccessRequest(models.Model):
    """A company's wish for accounts for all active Salesforce users; somebody else decides."""

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="access_requests", db_constraint=False
    )
    plan = models.OneToOneField(
        SyncPlan, on_delete=models.PROTECT, related_name="access_request", db_constraint=False
    )
    former_plan = models.ForeignKey(
        SyncPlan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="What the plan was before it was planned again.",
    )
    planned_at = models.DateTimeField(help_text="When its plan was last made.")
    note = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)

    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    self_approval_allowed = models.BooleanField(
        default=False, help_text="The company's setting at the moment of the decision."
    )
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    approvers_told_at = models.DateTimeField(null=True, blank=True)
    decision_told_at = models.DateTimeField(null=True, blank=True)
    done_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "request"
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(decision="", withdrawn_at__isnull=True),
                name="one_open_request_a_connection",
            ),
            models.CheckConstraint(
                condition=~Q(decision="approved")
                | Q(self_approval_allowed=True)
                | Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(decided_by=F("requested_by")),
                name="nobody_approves_their_own_request",
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | (~Q(decision="") & Q(decided_at__isnull=False, withdrawn_at__isnull=True)),
                name="decided_or_withdrawn_but_not_both",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "-requested_at"], name="request_newest_first"),
            models.Index(
                fields=["requested_at"],
                condition=Q(decision="", withdrawn_at__isnull=True),
                name="request_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"Accounts for all active users of {self.connection}"

    @property
    def is_open(self) -> bool:
        return not self.decision and self.withdrawn_at is None
