from __future__ import annotations

import secrets
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from accounts.models import Company, Team, User


def new_public_key() -> str:
    """The part of a connection's addresses that nobody can guess: 128 bits, safe in a URL."""
    return secrets.token_urlsafe(16)


class TeamSource(models.TextChoices):
    """Where the team of a new account comes from."""

    FROM_SALESFORCE = "from_salesforce", "From Salesforce"
    CHOSEN = "chosen", "The chosen team"
    NONE = "none", "No team"


class Connection(models.Model):
    """A company's link to one Salesforce org."""

    class Environment(models.TextChoices):
        PRODUCTION = "production", "Production or Developer Edition"
        SANDBOX = "sandbox", "Sandbox"

    class State(models.TextChoices):
        NOT_CONNECTED = "not_connected", "Not connected"
        CONNECTED = "connected", "Connected"
        NEEDS_ATTENTION = "needs_attention", "Needs attention"
        PAUSED = "paused", "Paused"
        RECONNECT_REQUIRED = "reconnect_required", "Reconnect required"
        TERMINATED = "terminated", "Terminated"

    #: States in which Salesforce may be asked for data.
    STATES_WITH_ACCESS = (State.CONNECTED, State.NEEDS_ATTENTION)

    class EmailPolicy(models.TextChoices):
        MAP = "map", "Map to the account with the same e-mail"
        ASK = "ask", "Map, but ask when that account has already been logged in to"
        NEVER = "never", "Never map by e-mail"

    class NewAccounts(models.TextChoices):
        """What accounts are that nobody asked for by name."""

        PENDING = "pending", "Pending, until somebody activates them"
        ACTIVE = "active", "Active"
        ACTIVE_IN_A_SEAT = "active_in_a_seat", "Active; pending when no seat is free"

    class Deprovisioning(models.TextChoices):
        OFF = "off", "Nothing"
        SUGGEST = "suggest", "Suggest to deactivate the account"
        DEACTIVATE = "deactivate", "Deactivate the account after the grace"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="connections")
    name = models.CharField(max_length=100, default="Salesforce")
    key = models.CharField(max_length=32, unique=True, default=new_public_key, editable=False)
    environment = models.CharField(
        max_length=12, choices=Environment, default=Environment.PRODUCTION
    )
    login_url = models.URLField(
        "My Domain",
        blank=True,
        help_text="Your org's own address, such as https://acme.my.salesforce.com.",
    )
    instance_url = models.URLField(blank=True, editable=False)
    org_id = models.CharField(max_length=18, blank=True, editable=False)
    org_name = models.CharField(max_length=255, blank=True, editable=False)

    state = models.CharField(max_length=20, choices=State, default=State.NOT_CONNECTED)
    state_reason = models.TextField(
        blank=True, help_text="A sentence for an admin: what happened, and what to do next."
    )
    state_since = models.DateTimeField(auto_now_add=True)
    state_told_at = models.DateTimeField(
        null=True, editable=False, help_text="When mails about the state were sent."
    )

    connecting_user_id = models.CharField(max_length=18, blank=True, editable=False)
    connecting_user_name = models.CharField(max_length=255, blank=True, editable=False)
    connecting_username = models.CharField(max_length=255, blank=True, editable=False)

    email_policy = models.CharField(max_length=5, choices=EmailPolicy, default=EmailPolicy.ASK)

    automatic_is_on = models.BooleanField("automatically sync users", default=False)
    automatic_accounts = models.CharField(
        "new accounts are", max_length=16, choices=NewAccounts, default=NewAccounts.PENDING
    )
    automatic_team_source = models.CharField(
        "team", max_length=16, choices=TeamSource, default=TeamSource.FROM_SALESFORCE
    )
    automatic_team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        verbose_name="the chosen team",
    )
    automatic_daily_limit = models.PositiveSmallIntegerField(
        "new accounts a day at most",
        default=20,
        help_text="Whoever comes above it waits until somebody decides.",
    )
    deprovisioning = models.CharField(
        "when somebody leaves Salesforce",
        max_length=10,
        choices=Deprovisioning,
        default=Deprovisioning.SUGGEST,
    )
    deprovisioning_grace_days = models.PositiveSmallIntegerField("days of grace", default=3)

    extra_user_fields = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="Fields of Salesforce's users that rules need, besides those always read.",
    )
    check_findings = models.JSONField(default=list, blank=True, editable=False)
    check_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    directory_refreshed_at = models.DateTimeField(null=True, blank=True, editable=False)
    api_calls_used = models.PositiveIntegerField(null=True, blank=True, editable=False)
    api_calls_allowed = models.PositiveIntegerField(null=True, blank=True, editable=False)
    polled_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When changed records were last looked for, whatever came of it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="connection_of_company"),
            models.UniqueConstraint(
                fields=["company", "org_id"],
                condition=~Q(org_id=""),
                name="org_once_a_company",
                violation_error_message="This Salesforce org is already connected.",
            ),
            models.CheckConstraint(
                condition=Q(org_id="") | Q(org_id__regex=r"^00D[0-9A-Za-z]{15}$"),
                name="org_id_has_18_characters",
            ),
        ]

    def __str__(self) -> str:
        return self.org_name or self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new connection begins with the default rules."""
        is_new = self._state.adding
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            if is_new:
                from .rules import make_default_rules

                make_default_rules(self)

    @property
    def has_access(self) -> bool:
        """Whether Salesforce may be asked for data now."""
        return self.state in self.STATES_WITH_ACCESS


class ConnectionCredential(models.Model):
    """A connection's secrets, each sealed with its own place (``integrations.credentials``)."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="credential", db_constraint=False
    )
    sealed_consumer_key = models.TextField(blank=True)
    sealed_consumer_secret = models.TextField(blank=True)
    sealed_previous_secret = models.TextField(
        blank=True, help_text="Signed requests of before a change of secret still arrive for a day."
    )
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    keys_set_at = models.DateTimeField(null=True, blank=True)
    sealed_access_token = models.TextField(blank=True)
    sealed_refresh_token = models.TextField(blank=True)
    instance_url = models.URLField(blank=True)
    identity_url = models.URLField(blank=True)
    renewed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Credential of connection {self.connection_id}"


class AuthorizationAttempt(models.Model):
    """One log-in to Salesforce under way: from the button to “Connect as …”, then deleted."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        related_name="authorization_attempts",
        db_constraint=False,
    )
    state_digest = models.CharField(max_length=64, unique=True)
    sealed_verifier = models.TextField()
    started_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True)
    identity = models.JSONField(default=dict)
    sealed_access_token = models.TextField(blank=True)
    sealed_refresh_token = models.TextField(blank=True)
    instance_url = models.URLField(blank=True)
    identity_url = models.URLField(blank=True)

    def __str__(self) -> str:
        return f"Log-in for connection {self.connection_id}"
