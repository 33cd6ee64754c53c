from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import Company, Team, User
from accounts.models.company import validate_currency
from accounts.search import search_column


class ActivityType(models.Model):
    """A kind of sales work that a company counts, such as closed deals or calls."""

    class Unit(models.TextChoices):
        COUNT = "count", "Number"
        MONEY = "money", "Money"

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="activity_types", db_index=False
    )
    name = models.CharField(max_length=100, help_text="As in “Closed deals”.")
    sentence = models.CharField(
        max_length=100, help_text="What the feed says after the person's name: “closed a deal”."
    )
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.COUNT)
    in_feed = models.BooleanField("in the feed", default=True)
    shows_value = models.BooleanField("amount shown", default=True)
    by_hand = models.BooleanField(
        "may be reported by hand",
        default=False,
        help_text="Only where nothing reports it by itself.",
    )
    celebrate_from = models.DecimalField(
        max_digits=18,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="A report of at least this much is celebrated; empty for never. Amounts count in"
        " the company's currency only.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="activity_type_of_company"),
            models.UniqueConstraint(
                "company",
                Lower("name"),
                name="activity_type_once_a_company",
                violation_error_message="There is already an activity type of this name.",
            ),
        ]
        indexes = [models.Index(fields=["company", "name"], name="activity_type_by_name")]

    def __str__(self) -> str:
        return self.name


class ActivityReport(models.Model):
    """One thing that one person did; made and taken back through ``activities.reports``."""

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )  # held by the composite keys
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="reports", db_constraint=False, db_index=False
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The person's team when it became theirs.",
    )
    type = models.ForeignKey(
        ActivityType, on_delete=models.PROTECT, related_name="reports", db_constraint=False
    )
    value = models.DecimalField(max_digits=20, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True, validators=[validate_currency])
    title = models.CharField(max_length=255, blank=True)
    link = models.URLField(blank=True, help_text="The record in Salesforce.")
    occurred_on = models.DateField(help_text="Decides rankings, in the company's time zone.")
    published_at = models.DateTimeField(help_text="Decides its place in the feed.")
    source_key = models.CharField(max_length=200)
    feed_version = models.BigIntegerField(default=0)
    celebrated_version = models.BigIntegerField(
        null=True, blank=True, help_text="The feed version that celebrated it, once for ever."
    )
    retracted_at = models.DateTimeField("taken back", null=True, blank=True)
    retracted_reason = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    search = search_column("title")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="report_of_company"),
            models.UniqueConstraint(
                fields=["company", "source_key"], name="one_report_a_source_key"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-published_at", "-id"], name="report_by_place"),
            models.Index(fields=["team", "-published_at", "-id"], name="report_by_team_and_place"),
            models.Index(
                fields=["company", "-published_at", "-id"],
                condition=Q(retracted_at__isnull=False),
                name="report_taken_back",
            ),
            models.Index(fields=["company", "feed_version"], name="report_by_feed_version"),
            models.Index(
                fields=["company", "type", "occurred_on"],
                include=["user", "team", "currency", "value"],
                condition=Q(retracted_at__isnull=True),
                name="report_for_rankings",
            ),
            models.Index(fields=["user", "-occurred_on", "-id"], name="report_of_a_person"),
            GinIndex(fields=["search"], name="report_by_word"),
        ]

    def __str__(self) -> str:
        return self.title or f"Report {self.pk}"
