from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company, Team, User

from .connection import Connection
from .connection import TeamSource as _TeamSource
from .mapping import Approach


class SyncPlan(models.Model):
    """What will happen to whom, decided and saved before anything is touched.

    What is applied is exactly what was approved. Rows are decided once, and their outcome is
    written once.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", "Import"
        IGNORE = "ignore", "Ignore"
        STOP_IGNORING = "unignore", "Stop ignoring"
        REVERT = "revert", "Revert"
        MAPPINGS = "mappings", "Change mappings"
        COMBINE = "combine", "Combine accounts"
        ATTRIBUTES = "attributes", "Update from Salesforce"
        LEAVERS = "leavers", "Leavers and returners"

    class State(models.TextChoices):
        PREPARING = "preparing", "Being prepared"
        DRAFT = "draft", "To be reviewed"
        HELD = "held", "Held for a decision"
        REQUESTED = "requested", "Waiting for approval"
        QUEUED = "queued", "Waiting for the worker"
        APPLYING = "applying", "Under way"
        STOPPED = "stopped", "Stopped"
        DONE = "done", "Done"
        NEEDS_A_PERSON = "needs_a_person", "Needs a person"
        DISCARDED = "discarded", "Discarded"

    #: States in which rows may still be decided otherwise.
    STATES_OPEN = (State.DRAFT, State.HELD)
    #: States in which the worker has, or will get, something to do.
    STATES_UNDER_WAY = (State.QUEUED, State.APPLYING)

    TeamSource = _TeamSource

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="plans", db_constraint=False
    )
    kind = models.CharField(max_length=12, choices=Kind)
    approach = models.CharField(max_length=12, choices=Approach)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    reverts = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reverted_by",
        db_constraint=False,
    )

    team_source = models.CharField(
        max_length=16, choices=TeamSource, default=TeamSource.FROM_SALESFORCE
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    role = models.CharField(max_length=10, choices=User.Role, default=User.Role.MEMBER)
    send_invitations = models.BooleanField(default=False)

    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How often a worker took it up without a row done since."
    )
    problem = models.TextField(blank=True, help_text="A sentence for an admin, when it needs one.")
    choice = models.JSONField(
        null=True, blank=True, help_text="What the worker makes its rows from; empty once they are."
    )
    held_reason = models.TextField(blank=True, help_text="Why a person must decide, in a sentence.")
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When mails about it were sent: held, or long under way."
    )

    class Meta:
        verbose_name = "change"
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="plan_of_company"),
            models.UniqueConstraint(
                fields=["reverts"],
                condition=Q(state__in=("queued", "applying", "stopped")),
                name="one_revert_of_a_plan_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "approach"],
                condition=Q(state="held"),
                name="one_held_plan_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="revert", reverts__isnull=False)
                | (~Q(kind="revert") & Q(reverts__isnull=True)),
                name="only_a_revert_reverts",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "-created_at", "-id"], name="plan_newest_first"),
            models.Index(
                fields=["state"],
                condition=Q(state__in=("preparing", "queued", "applying")),
                name="plan_at_work",
            ),
            models.Index(
                fields=["connection", "state"],
                condition=Q(state__in=("held", "requested")),
                name="plan_waiting_for_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"Change {self.pk}: {self.get_kind_display()}"

    @property
    def rows_to_prepare(self) -> int:
        """How many it will have; 0 once they are there."""
        number: int = self.choice["number"] if self.choice else 0
        return number


class PlannedChange(models.Model):
    """One row of a plan: what happens to one person, why, and what became of it."""

    class Action(models.TextChoices):
        CREATE = "create", "New account"
        MAP = "map", "Map to an existing account"
        IGNORE = "ignore", "Ignore"
        STOP_IGNORING = "stop_ignoring", "Stop ignoring"
        CONFLICT = "conflict", "Conflict"
        NOTHING = "nothing", "Nothing to do"
        DEACTIVATE = "deactivate", "Deactivate"
        REACTIVATE = "reactivate", "Reactivate"
        MOVE = "move", "Move the mapping"
        UNMAP = "unmap", "Unmap"
        REMOVE = "remove", "Remove the account"
        UPDATE = "update", "Update from Salesforce"
        SUSPEND = "suspend", "Deactivate; the mapping stays"
        KEEP = "keep", "Keep the account"
        NO_LONGER_KEEP = "no_longer_keep", "No longer keep the account"
        UNLINK = "unlink", "Unlink"
        RELINK = "relink", "Link again"
        MOVE_BACK = "move_back", "Move the mapping back"
        COMBINE = "combine", "Combine with another account"
        SEPARATE = "separate", "Separate the accounts again"

    #: Actions that change nothing, and are never waited for.
    IDLE_ACTIONS = (Action.CONFLICT, Action.NOTHING)

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        CHANGED = "changed", "Changed since preview"
        NO_SEAT = "no_seat", "No free seat"
        FAILED = "failed", "Failed"
        LEFT = "left", "Left as it is"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(
        SyncPlan, on_delete=models.CASCADE, related_name="changes", db_constraint=False
    )
    position = models.PositiveIntegerField()
    salesforce_user_id = models.CharField(max_length=18)
    person_name = models.CharField(max_length=255)
    person_email = models.CharField(max_length=255, blank=True)

    action = models.CharField(max_length=16, choices=Action)
    reason = models.TextField(help_text="Why, in a sentence for an admin.")
    included = models.BooleanField(default=True)
    account = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="The account that the row is about; once done, also the one it made.",
    )
    account_name = models.CharField(max_length=254, blank=True)
    candidates = models.JSONField(default=list, help_text="Accounts that this person may be.")
    values = models.JSONField(default=dict, help_text="What will be written.")
    basis = models.JSONField(default=dict, help_text="What the decision rests on.")
    before = models.JSONField(default=dict, help_text="What was there, for a revert.")
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    outcome_note = models.TextField(blank=True, help_text="What happened, in a sentence.")
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "planned change"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "salesforce_user_id"], name="one_change_a_person_and_plan"
            ),
            models.UniqueConstraint(fields=["plan", "position"], name="one_change_a_position"),
        ]
        indexes = [
            models.Index(
                fields=["plan", "position"],
                condition=Q(outcome="waiting", included=True),
                name="change_waiting",
            ),
            models.Index(fields=["plan", "outcome", "position"], name="change_by_outcome"),
            models.Index(fields=["company", "salesforce_user_id"], name="change_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.person_name}"

    @property
    def asks_a_person(self) -> bool:
        """Whether it is a conflict, also one that was answered and may be answered otherwise."""
        return self.action == self.Action.CONFLICT or "resolved" in self.values
