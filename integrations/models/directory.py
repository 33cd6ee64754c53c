from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower

from accounts.models import Company, User
from accounts.search import search_column

from .connection import Connection


class DirectoryUser(models.Model):
    """The local mirror of one Salesforce user.

    Salesforce never deletes users: a leaver has ``is_active`` false. ``missing_since`` says that
    the connecting user no longer sees a person, which is no reason to do anything to them.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="directory", db_constraint=False
    )
    salesforce_id = models.CharField("Salesforce id", max_length=18)
    username = models.CharField(max_length=255)
    email = models.CharField("e-mail", max_length=255, blank=True)
    name = models.CharField(max_length=255)
    federation_id = models.CharField(max_length=512, blank=True)
    title = models.CharField(max_length=255, blank=True)
    department = models.CharField(max_length=255, blank=True)
    division = models.CharField(max_length=255, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    profile_name = models.CharField("profile", max_length=255, blank=True)
    license_name = models.CharField("licence", max_length=255, blank=True)
    role_name = models.CharField("role", max_length=255, blank=True)
    user_type = models.CharField(max_length=40, blank=True)
    manager_id_in_salesforce = models.CharField(max_length=18, blank=True)
    manager_name = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField("active in Salesforce")
    is_frozen = models.BooleanField("frozen", default=False)
    can_open_tab = models.BooleanField(
        "can open the tab",
        null=True,
        blank=True,
        help_text="Whether they have the tab's permission set; unknown until it is deployed.",
    )
    last_login_at = models.DateTimeField("last log-in to Salesforce", null=True, blank=True)
    created_in_salesforce_at = models.DateTimeField("created in Salesforce", null=True, blank=True)
    system_modstamp = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True, blank=True)

    extra = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="See Connection.extra_user_fields.",
    )
    left_at = models.DateTimeField(
        null=True, blank=True, help_text="When a refresh first found them inactive."
    )
    account_kept_at = models.DateTimeField(
        null=True, blank=True, help_text="Somebody said that the account stays although they left."
    )
    account_kept_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    wanted_since = models.DateTimeField(
        null=True, blank=True, help_text="Automatic found work of theirs that nobody gets."
    )
    wanted_record_id = models.CharField(max_length=18, blank=True, db_default="")
    wanted_workflow = models.ForeignKey(
        "integrations.Workflow",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )

    unlinked_at = models.DateTimeField(
        null=True, blank=True, help_text="No run links them to an account until a person does."
    )
    unlinked_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    unlinked_from = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    unlinked_reason = models.CharField(max_length=255, blank=True, db_default="")

    ignored_at = models.DateTimeField(null=True, blank=True)
    ignored_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ignored_reason = models.CharField(max_length=255, blank=True)

    search = search_column("name", "email", "username", "salesforce_id")

    class Meta:
        verbose_name = "Salesforce user"
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="directory_user_of_company"),
            models.UniqueConstraint(
                fields=["connection", "salesforce_id"], name="salesforce_user_once_a_connection"
            ),
            models.CheckConstraint(
                condition=Q(salesforce_id__regex=r"^005[0-9A-Za-z]{15}$"),
                name="salesforce_user_id_has_18_characters",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "name", "id"], name="directory_by_name"),
            models.Index("connection", Lower("email"), name="directory_by_email"),
            GinIndex(fields=["search"], name="directory_by_word"),
            models.Index(
                fields=["connection", "wanted_since"],
                condition=Q(wanted_since__isnull=False),
                name="directory_wanted",
            ),
            models.Index(
                fields=["connection", "id"],
                condition=Q(can_open_tab=False),
                name="directory_without_tab",
            ),
            models.Index(
                fields=["connection", "left_at"],
                condition=Q(left_at__isnull=False),
                name="directory_left",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username
