from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company
from activities.models import ActivityReport

from .connection import Connection
from .workflow import Workflow


class SalesforceRecord(models.Model):
    """The latest snapshot of a record that some workflow may catch.

    A snapshot replaces another only when ``(system_modstamp, requested_at)`` is greater and its
    content or field set differs; ``version`` rises then, and only then.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="records", db_constraint=False
    )
    object_name = models.CharField(max_length=80)
    record_id = models.CharField(max_length=18)
    fields = models.JSONField(default=dict)
    field_set = models.CharField(
        max_length=32, help_text="Digest of the names of the fields that were asked for."
    )
    system_modstamp = models.DateTimeField()
    requested_at = models.DateTimeField(
        help_text="The database's clock before the request: two changes within a second differ."
    )
    version = models.PositiveIntegerField(default=1)
    is_deleted = models.BooleanField(default=False)
    not_visible_since = models.DateTimeField(
        null=True, blank=True, help_text="The connecting user no longer sees it; nothing follows."
    )

    class Meta:
        verbose_name = "Salesforce record"
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="record_of_company"),
            models.UniqueConstraint(
                fields=["connection", "record_id"], name="record_once_a_connection"
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "object_name", "system_modstamp", "id"],
                name="record_by_stamp",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_name} {self.record_id}"


class Evaluation(models.Model):
    """What one workflow said of one record, and why; its report, when it made one."""

    class Verdict(models.TextChoices):
        REPORTED = "reported", "Reported"
        NO_MATCH = "no_match", "Does not match"
        HELD = "held", "Held"
        NOT_COUNTED = "not_counted", "Not counted"
        WAITING = "waiting", "Waits for a person"
        FAILED = "failed", "Set aside"

    class Hold(models.TextChoices):
        NOT_MAPPED = "not_mapped", "No account yet"
        PENDING = "pending", "Account is pending"
        DEACTIVATED = "deactivated", "Account is deactivated"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(
        SalesforceRecord, on_delete=models.CASCADE, related_name="evaluations", db_constraint=False
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="evaluations", db_constraint=False
    )
    verdict = models.CharField(max_length=12, choices=Verdict)
    hold = models.CharField(max_length=12, choices=Hold, blank=True)
    reason = models.CharField(max_length=255, help_text="A sentence for an admin.")
    salesforce_user_id = models.CharField(
        max_length=18, blank=True, help_text="Whose work it is, by the workflow's user field."
    )
    report = models.ForeignKey(
        ActivityReport,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="evaluations",
        db_constraint=False,
    )
    record_version = models.PositiveIntegerField()
    workflow_version = models.PositiveIntegerField()
    held_since = models.DateTimeField(null=True, blank=True)
    evaluated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "workflow"], name="one_verdict_a_record_and_workflow"
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "salesforce_user_id"],
                condition=Q(verdict="held"),
                name="held_by_person",
            ),
            models.Index(fields=["workflow", "verdict", "id"], name="evaluation_by_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: record {self.record_id}, workflow {self.workflow_id}"


class Watermark(models.Model):
    """How far an object has been read; moved in the transaction of its page, under a lease."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="watermarks", db_constraint=False
    )
    object_name = models.CharField(max_length=80)
    read_until = models.DateTimeField(null=True, blank=True)
    page_stamp = models.DateTimeField(
        null=True, blank=True, help_text="Within a window under way: the last page's last stamp …"
    )
    page_record_id = models.CharField(
        max_length=18, blank=True, help_text="… and its last record, where the next page begins."
    )
    window_end = models.DateTimeField(null=True, blank=True)
    replay_id = models.CharField(
        max_length=100, blank=True, help_text="The stream's position, stored after its commit."
    )
    polled_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object_name"], name="one_watermark_an_object"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_name} of connection {self.connection_id}"
