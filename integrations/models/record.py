from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company, User
from activities.models import ActivityReport

from .connection import Connection
from .workflow import Workflow


class SalesforceRecord(models.Model):
    """The latest snapshot of a record that some workflow may catch.

    A snapshot replaces another only when ``(system_modstamp, requested_at)`` is greater and its
    content or field set differs; ``version`` rises then, and only then.
    """

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )  # held by the composite keys
    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        related_name="records",
        db_constraint=False,
        db_index=False,
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
        """What stands between a record and its report; most of it may go away by itself."""

        NOT_MAPPED = "not_mapped", "No account yet"
        PENDING = "pending", "Account is pending"
        DEACTIVATED = "deactivated", "Account is deactivated"
        IGNORED = "ignored", "Ignored"
        NOT_A_PERSON = "not_a_person", "Not a person"
        EXPIRED = "expired", "Held for too long"
        MOVE = "move", "Would move to somebody else"
        TAKE_BACK = "take_back", "Would be taken back"

    #: Somebody could still get the report: the records of one person are shown together.
    HOLDS_OF_A_PERSON = (Hold.NOT_MAPPED, Hold.PENDING, Hold.DEACTIVATED)
    #: Looked at again as soon as the person behind it is another case.
    HOLDS_THAT_GO = (*HOLDS_OF_A_PERSON, Hold.IGNORED, Hold.NOT_A_PERSON)

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )  # held by the composite keys
    record = models.ForeignKey(
        SalesforceRecord,
        on_delete=models.CASCADE,
        related_name="evaluations",
        db_constraint=False,
        db_index=False,
    )
    workflow = models.ForeignKey(
        Workflow,
        on_delete=models.RESTRICT,  # its reports say where they come from: it is switched off
        related_name="evaluations",
        db_constraint=False,
        db_index=False,
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
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When time alone may change the verdict."
    )
    report_changed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When Salesforce last had its report taken back or moved to somebody else.",
    )
    refused_change = models.CharField(
        max_length=12,
        choices=((Hold.MOVE, Hold.MOVE.label), (Hold.TAKE_BACK, Hold.TAKE_BACK.label)),
        blank=True,
        help_text="What a person said shall not happen to its report.",
    )
    evaluated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "workflow"], name="one_verdict_a_record_and_workflow"
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "salesforce_user_id", "hold"],
                condition=~Q(hold=""),
                name="held_by_person",
            ),
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="evaluation_due"
            ),
            models.Index(
                fields=["workflow", "report_changed_at"],
                condition=Q(report_changed_at__isnull=False),
                name="report_changed_lately",
            ),
            models.Index(fields=["workflow", "verdict", "id"], name="evaluation_by_verdict"),
            models.Index(
                fields=["company", "salesforce_user_id"],
                condition=Q(report__isnull=False),
                name="reported_by_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: record {self.record_id}, workflow {self.workflow_id}"


class HeldChange(models.Model):
    """Unusually many reports of one object would change at once: a person says what happens.

    The rows are the evaluations of that object that wait with the same ``hold``. What comes after
    the decision waits for another one.
    """

    class Kind(models.TextChoices):
        MOVE = "move", "Reports would move to other people"
        TAKE_BACK = "take_back", "Reports would be taken back"

    class Decision(models.TextChoices):
        CHANGE = "change", "Change them"
        KEEP = "keep", "Keep them as they are"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="held_changes", db_constraint=False
    )
    object_name = models.CharField("object", max_length=80)
    kind = models.CharField(max_length=9, choices=Kind)
    created_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When people were told by mail."
    )
    decision = models.CharField(max_length=6, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="When the decision had been carried out."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object_name", "kind"],
                condition=Q(decided_at__isnull=True, finished_at__isnull=True),
                name="one_open_change_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.object_name} of connection {self.connection_id}"
