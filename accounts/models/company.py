from __future__ import annotations

import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"“{value}” is not a time zone such as Europe/Oslo.")


validate_currency = RegexValidator(r"^[A-Z]{3}$", "Use the three letters of ISO 4217, such as EUR.")


class Company(models.Model):
    """Whose data it is. Every other row belongs to one; none is ever shown to another."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    currency = models.CharField(
        max_length=3,
        validators=[validate_currency],
        help_text="Nothing is converted when it changes. Reports from Salesforce follow; those made"
        " by hand, or by a workflow that is off, stay as they are.",
    )
    seat_limit = models.PositiveIntegerField(
        "seats", null=True, blank=True, help_text="Active accounts at most; empty for no limit."
    )
    may_approve_own_requests = models.BooleanField(
        "may approve its own requests",
        default=False,
        help_text="Whether its admins may approve accounts for all active users themselves.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "companies"
        indexes = [models.Index(fields=["name"], name="company_by_name")]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="team_of_company"),
            models.UniqueConstraint(
                "company",
                Lower("name"),
                name="team_name_once_a_company",
                violation_error_message="There is already a team of this name.",
            ),
        ]
        indexes = [models.Index(fields=["company", "name"], name="team_by_name")]

    def __str__(self) -> str:
        return self.name
