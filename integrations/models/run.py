from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company, User

from .connection import Connection


class SyncRun(models.Model):
    """One round of reading from Salesforce: its state, counts, and error in words."""

    class Kind(models.TextChoices):
        DIRECTORY = "directory", "Salesforce users"
        POLL = "poll", "Latest changes"
        STREAM = "stream", "Changes as they happen"
        BACKFILL = "backfill", "Earlier records"
        RECONCILE = "reconcile", "Comparison with Salesforce"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting for the worker"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        HELD = "held", "Waiting for a person"

    #: States in which the worker has, or will get, something to do.
    STATES_UNDER_WAY = (State.QUEUED, State.RUNNING)

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="runs", db_constraint=False
    )
    kind = models.CharField(max_length=12, choices=Kind)
    object_name = models.CharField("object", max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    expected = models.PositiveIntegerField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    reported = models.PositiveIntegerField(default=0)
    taken_back = models.PositiveIntegerField(default=0)
    set_aside = models.PositiveIntegerField(
        default=0, help_text="Records that could not be processed; the rest went on."
    )
    api_calls = models.PositiveIntegerField(default=0)
    since = models.DateField(null=True, blank=True, help_text="Empty reads all records.")
    field_set = models.CharField(
        max_length=32, blank=True, help_text="Digest of the fields that it asks for."
    )
    page_stamp = models.DateTimeField(null=True, blank=True)
    page_record_id = models.CharField(max_length=18, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    bulk_job_id = models.CharField(max_length=18, blank=True)
    bulk_locator = models.CharField(max_length=100, blank=True)
    accepts_shrinking = models.BooleanField(
        default=False, help_text="A person has seen that fewer users came, and said it is right."
    )
    error = models.TextField(blank=True, help_text="What went wrong, and what to do next.")
    error_code = models.CharField(max_length=80, blank=True)
    retry_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it is tried again by itself, if it failed in passing.",
    )

    class Meta:
        verbose_name = "sync run"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "object_name"],
                condition=Q(state="running"),
                name="one_run_of_a_kind_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "object_name"],
                condition=Q(state="queued"),
                name="one_run_of_a_kind_waits",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "-created_at", "-id"], name="run_newest_first"),
            models.Index(
                fields=["state", "retry_at"],
                condition=Q(state__in=("queued", "running")) | Q(retry_at__isnull=False),
                name="run_to_take_up",
            ),
            models.Index(fields=["connection"], condition=~Q(bulk_job_id=""), name="run_with_job"),
            # The polls between them are very many.
            models.Index(
                fields=["connection", "kind", "object_name"],
                condition=Q(kind__in=("backfill", "reconcile")),
                name="run_of_object",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Lease(models.Model):
    """The one lock: who may work on something, until when. See ``integrations.leases``."""

    name = models.CharField(max_length=100, unique=True)
    holder = models.CharField(max_length=100, blank=True)
    token = models.BigIntegerField(default=0, help_text="Rises with every new holder.")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a background process last showed that it does its work."""

    name = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
