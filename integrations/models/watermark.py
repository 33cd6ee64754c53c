from __future__ import annotations

from django.db import models
from django.db.models import Value

from accounts.models import Company

from .connection import Connection


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
    covers_from = models.DateTimeField(
        null=True, blank=True, help_text="Everything changed since then is here; empty is all."
    )
    field_types = models.JSONField(
        default=dict, help_text="The object's fields as last described: name and type."
    )
    field_labels = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="What people call the object's fields, as last described.",
    )
    described_at = models.DateTimeField(null=True, blank=True)
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
