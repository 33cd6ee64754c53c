from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models.functions import Lower

from accounts.models import Company, User
from activities.models import ActivityType
from activities.text import one_line

from .connection import Connection

LONGEST_VALUE_IN_WORDS = 100


class Workflow(models.Model):
    """Which Salesforce records become activity reports, and how."""

    class State(models.TextChoices):
        OFF = "off", "Off"
        ON = "on", "On"
        NEEDS_ATTENTION = "needs_attention", "Needs attention"

    class Match(models.TextChoices):
        ALL = "all", "All conditions"
        ANY = "any", "Any condition"

    class OwnerChange(models.TextChoices):
        MOVES = "moves", "The credit moves to the new owner"
        STAYS = "stays", "The credit stays with the first owner"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="workflows", db_constraint=False
    )
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=16, choices=State, default=State.OFF)
    problem = models.TextField(blank=True, help_text="Why it needs attention, in a sentence.")
    object_name = models.CharField("object", max_length=80)
    match = models.CharField(max_length=3, choices=Match, default=Match.ALL)
    activity_type = models.ForeignKey(
        ActivityType, on_delete=models.PROTECT, related_name="workflows", db_constraint=False
    )
    user_field = models.CharField(max_length=120, default="OwnerId")
    value_field = models.CharField(
        max_length=120, blank=True, help_text="Empty counts each record as one."
    )
    currency_field = models.CharField(
        max_length=120, blank=True, help_text="Empty for the company's currency."
    )
    date_field = models.CharField(max_length=120)
    title_field = models.CharField(
        max_length=120, blank=True, help_text="Empty shows the activity's name only."
    )
    includes_private = models.BooleanField("private records too", default=False)
    owner_change = models.CharField(
        "when the owner changes later",
        max_length=5,
        choices=OwnerChange,
        default=OwnerChange.MOVES,
    )
    creates_accounts = models.BooleanField(
        "its people get accounts",
        default=False,
        help_text="Only while “Automatically sync users” is on.",
    )
    counts_from = models.DateField(
        null=True, blank=True, help_text="Earlier records are not counted; empty counts all."
    )
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Rises with every change that may change a verdict."
    )
    evaluated_version = models.PositiveIntegerField(
        default=1,
        editable=False,
        help_text="The version by which all records were looked at; lower while that goes on.",
    )
    company_terms = models.CharField(
        max_length=80,
        blank=True,
        editable=False,
        help_text="The company's time zone and currency, by which its reports were made.",
    )
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="workflow_of_company"),
            models.UniqueConstraint(
                "connection",
                Lower("name"),
                name="workflow_name_once_a_connection",
                violation_error_message="There is already a workflow of this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WorkflowCondition(models.Model):
    class Operator(models.TextChoices):
        EQUALS = "equals", "is"
        NOT_EQUALS = "not_equals", "is not"
        IN = "in", "is one of"
        GREATER = "greater", "is more than"
        AT_LEAST = "at_least", "is at least"
        LESS = "less", "is less than"
        AT_MOST = "at_most", "is at most"
        CONTAINS = "contains", "contains"
        IS_EMPTY = "is_empty", "is empty"
        IS_NOT_EMPTY = "is_not_empty", "is not empty"

    WITHOUT_VALUE = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="conditions", db_constraint=False
    )
    position = models.PositiveSmallIntegerField()
    field = models.CharField(max_length=120)
    operator = models.CharField(max_length=12, choices=Operator)
    value = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "position"], name="one_condition_a_position"
            ),
        ]

    def __str__(self) -> str:
        return self.in_words({})

    def in_words(self, labels: Mapping[str, str]) -> str:
        """“Won is yes”, with the fields as people call them; by its own name where that is unknown.

        The value is somebody's text: it stays within its sentence.
        """
        words = f"{labels.get(self.field, self.field)} {self.get_operator_display()}"
        if self.operator in self.WITHOUT_VALUE:
            return words
        return f"{words} {one_line(self.value_as_typed, LONGEST_VALUE_IN_WORDS)}"

    @property
    def value_as_typed(self) -> str:
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, list):
            return ", ".join(map(str, self.value))
        return "" if self.value is None else str(self.value)
