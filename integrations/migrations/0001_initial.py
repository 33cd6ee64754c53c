import accounts.search
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
import integrations.models.connection
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("accounts", "__first__"),
        ("activities", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="accounts.company",
                    ),
                ),
                ("name", models.CharField(default="Salesforce", max_length=100)),
                (
                    "key",
                    models.CharField(
                        default=integrations.models.connection.new_public_key,
                        editable=False,
                        max_length=32,
                        unique=True,
                    ),
                ),
                (
                    "environment",
                    models.CharField(
                        choices=[
                            ("production", "Production or Developer Edition"),
                            ("sandbox", "Sandbox"),
                        ],
                        default="production",
                        max_length=12,
                    ),
                ),
                (
                    "login_url",
                    models.URLField(
                        blank=True,
                        help_text="Your org's own address, such as https://acme.my.salesforce.com.",
                        verbose_name="My Domain",
                    ),
                ),
                ("instance_url", models.URLField(blank=True, editable=False)),
                ("org_id", models.CharField(blank=True, editable=False, max_length=18)),
                ("org_name", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("not_connected", "Not connected"),
                            ("connected", "Connected"),
                            ("needs_attention", "Needs attention"),
                            ("paused", "Paused"),
                            ("reconnect_required", "Reconnect required"),
                            ("terminated", "Terminated"),
                        ],
                        default="not_connected",
                        max_length=20,
                    ),
                ),
                (
                    "state_reason",
                    models.TextField(
                        blank=True,
                        help_text="A sentence for an admin: what happened, and what to do next.",
                    ),
                ),
                ("state_since", models.DateTimeField(auto_now_add=True)),
                (
                    "state_told_at",
                    models.DateTimeField(
                        editable=False, help_text="When mails about the state were sent.", null=True
                    ),
                ),
                ("connecting_user_id", models.CharField(blank=True, editable=False, max_length=18)),
                (
                    "connecting_user_name",
                    models.CharField(blank=True, editable=False, max_length=255),
                ),
                (
                    "connecting_username",
                    models.CharField(blank=True, editable=False, max_length=255),
                ),
                (
                    "email_policy",
                    models.CharField(
                        choices=[
                            ("map", "Map to the account with the same e-mail"),
                            ("ask", "Map, but ask when that account has already been logged in to"),
                            ("never", "Never map by e-mail"),
                        ],
                        default="ask",
                        max_length=5,
                    ),
                ),
                (
                    "automatic_is_on",
                    models.BooleanField(default=False, verbose_name="automatically sync users"),
                ),
                (
                    "automatic_accounts",
                    models.CharField(
                        choices=[
                            ("pending", "Pending, until somebody activates them"),
                            ("active", "Active"),
                            ("active_in_a_seat", "Active; pending when no seat is free"),
                        ],
                        default="pending",
                        max_length=16,
                        verbose_name="new accounts are",
                    ),
                ),
                (
                    "automatic_team_source",
                    models.CharField(
                        choices=[
                            ("from_salesforce", "From Salesforce"),
                            ("chosen", "The chosen team"),
                            ("none", "No team"),
                        ],
                        default="from_salesforce",
                        max_length=16,
                        verbose_name="team",
                    ),
                ),
                (
                    "automatic_team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                        verbose_name="the chosen team",
                    ),
                ),
                (
                    "automatic_daily_limit",
                    models.PositiveSmallIntegerField(
                        default=20,
                        help_text="Whoever comes above it waits until somebody decides.",
                        verbose_name="new accounts a day at most",
                    ),
                ),
                (
                    "deprovisioning",
                    models.CharField(
                        choices=[
                            ("off", "Nothing"),
                            ("suggest", "Suggest to deactivate the account"),
                            ("deactivate", "Deactivate the account after the grace"),
                        ],
                        default="suggest",
                        max_length=10,
                        verbose_name="when somebody leaves Salesforce",
                    ),
                ),
                (
                    "deprovisioning_grace_days",
                    models.PositiveSmallIntegerField(default=3, verbose_name="days of grace"),
                ),
                (
                    "extra_user_fields",
                    models.JSONField(
                        blank=True,
                        default=list,
                        editable=False,
                        help_text="Fields of Salesforce's users that rules need, besides those always read.",
                    ),
                ),
                ("check_findings", models.JSONField(blank=True, default=list, editable=False)),
                ("check_requested_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("checked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "directory_refreshed_at",
                    models.DateTimeField(blank=True, editable=False, null=True),
                ),
                (
                    "api_calls_used",
                    models.PositiveIntegerField(blank=True, editable=False, null=True),
                ),
                (
                    "api_calls_allowed",
                    models.PositiveIntegerField(blank=True, editable=False, null=True),
                ),
                (
                    "polled_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When changed records were last looked for, whatever came of it.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="connection_of_company"),
                    models.UniqueConstraint(
                        condition=models.Q(("org_id", ""), _negated=True),
                        fields=("company", "org_id"),
                        name="org_once_a_company",
                        violation_error_message="This Salesforce org is already connected.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("org_id", ""),
                            ("org_id__regex", "^00D[0-9A-Za-z]{15}$"),
                            _connector="OR",
                        ),
                        name="org_id_has_18_characters",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("holder", models.CharField(blank=True, max_length=100)),
                (
                    "token",
                    models.BigIntegerField(default=0, help_text="Rises with every new holder."),
                ),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="ConnectionCredential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credential",
                        to="integrations.connection",
                    ),
                ),
                ("sealed_consumer_key", models.TextField(blank=True)),
                ("sealed_consumer_secret", models.TextField(blank=True)),
                (
                    "sealed_previous_secret",
                    models.TextField(
                        blank=True,
                        help_text="Signed requests of before a change of secret still arrive for a day.",
                    ),
                ),
                ("previous_secret_until", models.DateTimeField(blank=True, null=True)),
                ("keys_set_at", models.DateTimeField(blank=True, null=True)),
                ("sealed_access_token", models.TextField(blank=True)),
                ("sealed_refresh_token", models.TextField(blank=True)),
                ("instance_url", models.URLField(blank=True)),
                ("identity_url", models.URLField(blank=True)),
                ("renewed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="AuthorizationAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authorization_attempts",
                        to="integrations.connection",
                    ),
                ),
                ("state_digest", models.CharField(max_length=64, unique=True)),
                ("sealed_verifier", models.TextField()),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("identity", models.JSONField(default=dict)),
                ("sealed_access_token", models.TextField(blank=True)),
                ("sealed_refresh_token", models.TextField(blank=True)),
                ("instance_url", models.URLField(blank=True)),
                ("identity_url", models.URLField(blank=True)),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="UserMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mappings",
                        to="integrations.connection",
                    ),
                ),
                (
                    "salesforce_user_id",
                    models.CharField(max_length=18, verbose_name="Salesforce user id"),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mappings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("is_current", models.BooleanField(default=True)),
                (
                    "approach",
                    models.CharField(
                        choices=[
                            ("on_demand", "On demand"),
                            ("manual", "Manual"),
                            ("automatic", "Automatic"),
                            ("all_active", "All active users"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "mapping",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "salesforce_user_id"),
                        name="one_mapping_a_salesforce_user",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)),
                        fields=("connection", "account"),
                        name="one_current_mapping_an_account",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("salesforce_user_id__regex", "^005[0-9A-Za-z]{15}$")),
                        name="mapped_user_id_has_18_characters",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SyncPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plans",
                        to="integrations.connection",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("import", "Import"),
                            ("ignore", "Ignore"),
                            ("unignore", "Stop ignoring"),
                            ("revert", "Revert"),
                            ("mappings", "Change mappings"),
                            ("combine", "Combine accounts"),
                            ("attributes", "Update from Salesforce"),
                            ("leavers", "Leavers and returners"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "approach",
                    models.CharField(
                        choices=[
                            ("on_demand", "On demand"),
                            ("manual", "Manual"),
                            ("automatic", "Automatic"),
                            ("all_active", "All active users"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("preparing", "Being prepared"),
                            ("draft", "To be reviewed"),
                            ("held", "Held for a decision"),
                            ("requested", "Waiting for approval"),
                            ("queued", "Waiting for the worker"),
                            ("applying", "Under way"),
                            ("stopped", "Stopped"),
                            ("done", "Done"),
                            ("needs_a_person", "Needs a person"),
                            ("discarded", "Discarded"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                (
                    "reverts",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reverted_by",
                        to="integrations.syncplan",
                    ),
                ),
                (
                    "team_source",
                    models.CharField(
                        choices=[
                            ("from_salesforce", "From Salesforce"),
                            ("chosen", "The chosen team"),
                            ("none", "No team"),
                        ],
                        default="from_salesforce",
                        max_length=16,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("member", "Member"), ("admin", "Company admin")],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("send_invitations", models.BooleanField(default=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("stop_requested_at", models.DateTimeField(blank=True, null=True)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How often a worker took it up without a row done since.",
                    ),
                ),
                (
                    "problem",
                    models.TextField(
                        blank=True, help_text="A sentence for an admin, when it needs one."
                    ),
                ),
                (
                    "choice",
                    models.JSONField(
                        blank=True,
                        help_text="What the worker makes its rows from; empty once they are.",
                        null=True,
                    ),
                ),
                (
                    "held_reason",
                    models.TextField(
                        blank=True, help_text="Why a person must decide, in a sentence."
                    ),
                ),
                (
                    "told_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When mails about it were sent: held, or long under way.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name": "change",
                "indexes": [
                    models.Index(
                        fields=["connection", "-created_at", "-id"], name="plan_newest_first"
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ("preparing", "queued", "applying"))),
                        fields=["state"],
                        name="plan_at_work",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ("held", "requested"))),
                        fields=["connection", "state"],
                        name="plan_waiting_for_a_person",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="plan_of_company"),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("queued", "applying", "stopped"))),
                        fields=("reverts",),
                        name="one_revert_of_a_plan_at_a_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "held")),
                        fields=("connection", "kind", "approach"),
                        name="one_held_plan_of_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "revert"), ("reverts__isnull", False)),
                            models.Q(
                                models.Q(("kind", "revert"), _negated=True),
                                ("reverts__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="only_a_revert_reverts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Workflow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="workflows",
                        to="integrations.connection",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("off", "Off"),
                            ("on", "On"),
                            ("needs_attention", "Needs attention"),
                        ],
                        default="off",
                        max_length=16,
                    ),
                ),
                (
                    "problem",
                    models.TextField(
                        blank=True, help_text="Why it needs attention, in a sentence."
                    ),
                ),
                ("object_name", models.CharField(max_length=80, verbose_name="object")),
                (
                    "match",
                    models.CharField(
                        choices=[("all", "All conditions"), ("any", "Any condition")],
                        default="all",
                        max_length=3,
                    ),
                ),
                (
                    "activity_type",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="workflows",
                        to="activities.activitytype",
                    ),
                ),
                ("user_field", models.CharField(default="OwnerId", max_length=120)),
                (
                    "value_field",
                    models.CharField(
                        blank=True, help_text="Empty counts each record as one.", max_length=120
                    ),
                ),
                (
                    "currency_field",
                    models.CharField(
                        blank=True, help_text="Empty for the company's currency.", max_length=120
                    ),
                ),
                ("date_field", models.CharField(max_length=120)),
                (
                    "title_field",
                    models.CharField(
                        blank=True,
                        help_text="Empty shows the activity's name only.",
                        max_length=120,
                    ),
                ),
                (
                    "includes_private",
                    models.BooleanField(default=False, verbose_name="private records too"),
                ),
                (
                    "owner_change",
                    models.CharField(
                        choices=[
                            ("moves", "The credit moves to the new owner"),
                            ("stays", "The credit stays with the first owner"),
                        ],
                        default="moves",
                        max_length=5,
                        verbose_name="when the owner changes later",
                    ),
                ),
                (
                    "creates_accounts",
                    models.BooleanField(
                        default=False,
                        help_text="Only while “Automatically sync users” is on.",
                        verbose_name="its people get accounts",
                    ),
                ),
                (
                    "counts_from",
                    models.DateField(
                        blank=True,
                        help_text="Earlier records are not counted; empty counts all.",
                        null=True,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1,
                        editable=False,
                        help_text="Rises with every change that may change a verdict.",
                    ),
                ),
                (
                    "evaluated_version",
                    models.PositiveIntegerField(
                        default=1,
                        editable=False,
                        help_text="The version by which all records were looked at; lower while that goes on.",
                    ),
                ),
                (
                    "company_terms",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The company's time zone and currency, by which its reports were made.",
                        max_length=80,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="workflow_of_company"),
                    models.UniqueConstraint(
                        models.F("connection"),
                        django.db.models.functions.text.Lower("name"),
                        name="workflow_name_once_a_connection",
                        violation_error_message="There is already a workflow of this name.",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SalesforceRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="integrations.connection",
                    ),
                ),
                ("object_name", models.CharField(max_length=80)),
                ("record_id", models.CharField(max_length=18)),
                ("fields", models.JSONField(default=dict)),
                (
                    "field_set",
                    models.CharField(
                        help_text="Digest of the names of the fields that were asked for.",
                        max_length=32,
                    ),
                ),
                ("system_modstamp", models.DateTimeField()),
                (
                    "requested_at",
                    models.DateTimeField(
                        help_text="The database's clock before the request: two changes within a second differ."
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("is_deleted", models.BooleanField(default=False)),
                (
                    "not_visible_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="The connecting user no longer sees it; nothing follows.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name": "Salesforce record",
                "indexes": [
                    models.Index(
                        fields=["connection", "object_name", "system_modstamp", "id"],
                        name="record_by_stamp",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="record_of_company"),
                    models.UniqueConstraint(
                        fields=("connection", "record_id"), name="record_once_a_connection"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HeldChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held_changes",
                        to="integrations.connection",
                    ),
                ),
                ("object_name", models.CharField(max_length=80, verbose_name="object")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("move", "Reports would move to other people"),
                            ("take_back", "Reports would be taken back"),
                        ],
                        max_length=9,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("change", "Change them"), ("keep", "Keep them as they are")],
                        max_length=6,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "finished_at",
                    models.DateTimeField(
                        blank=True, help_text="When the decision had been carried out.", null=True
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("decided_at__isnull", True), ("finished_at__isnull", True)
                        ),
                        fields=("connection", "object_name", "kind"),
                        name="one_open_change_at_a_time",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Watermark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="watermarks",
                        to="integrations.connection",
                    ),
                ),
                ("object_name", models.CharField(max_length=80)),
                ("read_until", models.DateTimeField(blank=True, null=True)),
                (
                    "page_stamp",
                    models.DateTimeField(
                        blank=True,
                        help_text="Within a window under way: the last page's last stamp …",
                        null=True,
                    ),
                ),
                (
                    "page_record_id",
                    models.CharField(
                        blank=True,
                        help_text="… and its last record, where the next page begins.",
                        max_length=18,
                    ),
                ),
                ("window_end", models.DateTimeField(blank=True, null=True)),
                (
                    "covers_from",
                    models.DateTimeField(
                        blank=True,
                        help_text="Everything changed since then is here; empty is all.",
                        null=True,
                    ),
                ),
                (
                    "field_types",
                    models.JSONField(
                        default=dict,
                        help_text="The object's fields as last described: name and type.",
                    ),
                ),
                ("described_at", models.DateTimeField(blank=True, null=True)),
                (
                    "replay_id",
                    models.CharField(
                        blank=True,
                        help_text="The stream's position, stored after its commit.",
                        max_length=100,
                    ),
                ),
                ("polled_at", models.DateTimeField(blank=True, null=True)),
                ("reconciled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "object_name"), name="one_watermark_an_object"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="MatchRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="match_rules",
                        to="integrations.connection",
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("federation_id", "Federation ID"),
                            ("email", "E-mail"),
                            ("username", "Salesforce username equals the log-in e-mail"),
                        ],
                        max_length=13,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("enabled", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "rule"), name="match_rule_once"),
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("connection", "position"),
                        name="one_match_rule_a_position",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ScopeRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scope_rules",
                        to="integrations.connection",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "field",
                    models.CharField(
                        help_text="A field of Salesforce's User, such as Department or Profile.Name.",
                        max_length=120,
                    ),
                ),
                (
                    "operator",
                    models.CharField(
                        choices=[
                            ("equals", "is"),
                            ("not_equals", "is not"),
                            ("in", "is one of"),
                            ("not_in", "is none of"),
                            ("contains", "contains"),
                            ("not_contains", "does not contain"),
                            ("is_empty", "is empty"),
                            ("is_not_empty", "is not empty"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "value",
                    models.JSONField(
                        blank=True, help_text="A text, or a list of texts.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("connection", "position"),
                        name="one_scope_rule_a_position",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="AttributeRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attribute_rules",
                        to="integrations.connection",
                    ),
                ),
                (
                    "attribute",
                    models.CharField(
                        choices=[
                            ("name", "Name"),
                            ("time_zone", "Time zone"),
                            ("title", "Title"),
                            ("team", "Team"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "policy",
                    models.CharField(
                        choices=[
                            ("salesforce", "Salesforce wins"),
                            ("fill", "Fill when empty"),
                            ("never", "Never"),
                        ],
                        default="fill",
                        max_length=10,
                    ),
                ),
                ("policy_since", models.DateTimeField(auto_now_add=True)),
                (
                    "source",
                    models.CharField(
                        help_text="A field of Salesforce's User, or “manager_team” for a team.",
                        max_length=120,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "attribute"), name="attribute_rule_once"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SyncRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="integrations.connection",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("directory", "Salesforce users"),
                            ("poll", "Latest changes"),
                            ("stream", "Changes as they happen"),
                            ("backfill", "Earlier records"),
                            ("reconcile", "Comparison with Salesforce"),
                        ],
                        max_length=12,
                    ),
                ),
                ("object_name", models.CharField(blank=True, max_length=80, verbose_name="object")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting for the worker"),
                            ("running", "Under way"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("held", "Waiting for a person"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("expected", models.PositiveIntegerField(blank=True, null=True)),
                ("read", models.PositiveIntegerField(default=0)),
                ("added", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("reported", models.PositiveIntegerField(default=0)),
                ("taken_back", models.PositiveIntegerField(default=0)),
                (
                    "set_aside",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Records that could not be processed; the rest went on.",
                    ),
                ),
                ("api_calls", models.PositiveIntegerField(default=0)),
                (
                    "since",
                    models.DateField(blank=True, help_text="Empty reads all records.", null=True),
                ),
                (
                    "field_set",
                    models.CharField(
                        blank=True,
                        help_text="Digest of the fields that it asks for.",
                        max_length=32,
                    ),
                ),
                ("page_stamp", models.DateTimeField(blank=True, null=True)),
                ("page_record_id", models.CharField(blank=True, max_length=18)),
                ("window_end", models.DateTimeField(blank=True, null=True)),
                ("bulk_job_id", models.CharField(blank=True, max_length=18)),
                ("bulk_locator", models.CharField(blank=True, max_length=100)),
                (
                    "accepts_shrinking",
                    models.BooleanField(
                        default=False,
                        help_text="A person has seen that fewer users came, and said it is right.",
                    ),
                ),
                (
                    "error",
                    models.TextField(blank=True, help_text="What went wrong, and what to do next."),
                ),
                ("error_code", models.CharField(blank=True, max_length=80)),
                (
                    "retry_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When it is tried again by itself, if it failed in passing.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name": "sync run",
                "indexes": [
                    models.Index(
                        fields=["connection", "-created_at", "-id"], name="run_newest_first"
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state__in", ("queued", "running")),
                            ("retry_at__isnull", False),
                            _connector="OR",
                        ),
                        fields=["state", "retry_at"],
                        name="run_to_take_up",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("connection", "kind", "object_name"),
                        name="one_run_of_a_kind_at_a_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "queued")),
                        fields=("connection", "kind", "object_name"),
                        name="one_run_of_a_kind_waits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TabVisitor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tab_visitors",
                        to="integrations.connection",
                    ),
                ),
                (
                    "salesforce_user_id",
                    models.CharField(max_length=18, verbose_name="Salesforce user id"),
                ),
                ("name", models.CharField(blank=True, max_length=255)),
                ("last_opened_at", models.DateTimeField(verbose_name="last opened")),
                (
                    "asked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="asked to be added"),
                ),
            ],
            options={
                "verbose_name": "visitor of the tab",
                "verbose_name_plural": "visitors of the tab",
                "indexes": [
                    models.Index(
                        condition=models.Q(("asked_at__isnull", False)),
                        fields=["connection", "asked_at"],
                        name="asked_to_be_added",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "salesforce_user_id"),
                        name="one_visitor_a_salesforce_user",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlannedChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="integrations.syncplan",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("salesforce_user_id", models.CharField(max_length=18)),
                ("person_name", models.CharField(max_length=255)),
                ("person_email", models.CharField(blank=True, max_length=255)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("create", "New account"),
                            ("map", "Map to an existing account"),
                            ("ignore", "Ignore"),
                            ("stop_ignoring", "Stop ignoring"),
                            ("conflict", "Conflict"),
                            ("nothing", "Nothing to do"),
                            ("deactivate", "Deactivate"),
                            ("reactivate", "Reactivate"),
                            ("move", "Move the mapping"),
                            ("unmap", "Unmap"),
                            ("remove", "Remove the account"),
                            ("update", "Update from Salesforce"),
                            ("suspend", "Deactivate; the mapping stays"),
                            ("keep", "Keep the account"),
                            ("no_longer_keep", "No longer keep the account"),
                            ("unlink", "Unlink"),
                            ("relink", "Link again"),
                            ("move_back", "Move the mapping back"),
                            ("combine", "Combine with another account"),
                            ("separate", "Separate the accounts again"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField(help_text="Why, in a sentence for an admin.")),
                ("included", models.BooleanField(default=True)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="The account that the row is about; once done, also the one it made.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("account_name", models.CharField(blank=True, max_length=254)),
                (
                    "candidates",
                    models.JSONField(default=list, help_text="Accounts that this person may be."),
                ),
                ("values", models.JSONField(default=dict, help_text="What will be written.")),
                ("basis", models.JSONField(default=dict, help_text="What the decision rests on.")),
                (
                    "before",
                    models.JSONField(default=dict, help_text="What was there, for a revert."),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("changed", "Changed since preview"),
                            ("no_seat", "No free seat"),
                            ("failed", "Failed"),
                            ("left", "Left as it is"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "outcome_note",
                    models.TextField(blank=True, help_text="What happened, in a sentence."),
                ),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "planned change",
                "indexes": [
                    models.Index(
                        condition=models.Q(("included", True), ("outcome", "waiting")),
                        fields=["plan", "position"],
                        name="change_waiting",
                    ),
                    models.Index(fields=["plan", "outcome", "position"], name="change_by_outcome"),
                    models.Index(
                        fields=["company", "salesforce_user_id"], name="change_of_a_person"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "salesforce_user_id"), name="one_change_a_person_and_plan"
                    ),
                    models.UniqueConstraint(
                        fields=("plan", "position"), name="one_change_a_position"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_requests",
                        to="integrations.connection",
                    ),
                ),
                (
                    "plan",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="access_request",
                        to="integrations.syncplan",
                    ),
                ),
                (
                    "former_plan",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="What the plan was before it was planned again.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="integrations.syncplan",
                    ),
                ),
                ("planned_at", models.DateTimeField(help_text="When its plan was last made.")),
                ("note", models.TextField(blank=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("approved", "Approved"), ("refused", "Refused")],
                        max_length=8,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_reason", models.TextField(blank=True)),
                (
                    "self_approval_allowed",
                    models.BooleanField(
                        default=False,
                        help_text="The company's setting at the moment of the decision.",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("approvers_told_at", models.DateTimeField(blank=True, null=True)),
                ("decision_told_at", models.DateTimeField(blank=True, null=True)),
                ("done_told_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "request",
                "indexes": [
                    models.Index(
                        fields=["connection", "-requested_at"], name="request_newest_first"
                    ),
                    models.Index(
                        condition=models.Q(("decision", ""), ("withdrawn_at__isnull", True)),
                        fields=["requested_at"],
                        name="request_waiting",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("decision", ""), ("withdrawn_at__isnull", True)),
                        fields=("connection",),
                        name="one_open_request_a_connection",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decision", "approved"), _negated=True),
                            ("self_approval_allowed", True),
                            ("decided_by__isnull", True),
                            ("requested_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_their_own_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decision", "")),
                            models.Q(
                                models.Q(("decision", ""), _negated=True),
                                ("decided_at__isnull", False),
                                ("withdrawn_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="decided_or_withdrawn_but_not_both",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DirectoryUser",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="directory",
                        to="integrations.connection",
                    ),
                ),
                ("salesforce_id", models.CharField(max_length=18, verbose_name="Salesforce id")),
                ("username", models.CharField(max_length=255)),
                ("email", models.CharField(blank=True, max_length=255, verbose_name="e-mail")),
                ("name", models.CharField(max_length=255)),
                ("federation_id", models.CharField(blank=True, max_length=512)),
                ("title", models.CharField(blank=True, max_length=255)),
                ("department", models.CharField(blank=True, max_length=255)),
                ("division", models.CharField(blank=True, max_length=255)),
                ("time_zone", models.CharField(blank=True, max_length=64)),
                (
                    "profile_name",
                    models.CharField(blank=True, max_length=255, verbose_name="profile"),
                ),
                (
                    "license_name",
                    models.CharField(blank=True, max_length=255, verbose_name="licence"),
                ),
                ("role_name", models.CharField(blank=True, max_length=255, verbose_name="role")),
                ("user_type", models.CharField(blank=True, max_length=40)),
                ("manager_id_in_salesforce", models.CharField(blank=True, max_length=18)),
                ("manager_name", models.CharField(blank=True, max_length=255)),
                ("is_active", models.BooleanField(verbose_name="active in Salesforce")),
                ("is_frozen", models.BooleanField(default=False, verbose_name="frozen")),
                (
                    "can_open_tab",
                    models.BooleanField(
                        blank=True,
                        help_text="Whether they have the tab's permission set; unknown until it is deployed.",
                        null=True,
                        verbose_name="can open the tab",
                    ),
                ),
                (
                    "last_login_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="last log-in to Salesforce"
                    ),
                ),
                (
                    "created_in_salesforce_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="created in Salesforce"),
                ),
                ("system_modstamp", models.DateTimeField()),
                ("refreshed_at", models.DateTimeField()),
                ("missing_since", models.DateTimeField(blank=True, null=True)),
                (
                    "extra",
                    models.JSONField(
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        help_text="See Connection.extra_user_fields.",
                    ),
                ),
                (
                    "left_at",
                    models.DateTimeField(
                        blank=True, help_text="When a refresh first found them inactive.", null=True
                    ),
                ),
                (
                    "account_kept_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Somebody said that the account stays although they left.",
                        null=True,
                    ),
                ),
                (
                    "account_kept_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "wanted_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="Automatic found work of theirs that nobody gets.",
                        null=True,
                    ),
                ),
                ("wanted_record_id", models.CharField(blank=True, db_default="", max_length=18)),
                (
                    "wanted_workflow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="integrations.workflow",
                    ),
                ),
                (
                    "unlinked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="No run links them to an account until a person does.",
                        null=True,
                    ),
                ),
                (
                    "unlinked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unlinked_from",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("unlinked_reason", models.CharField(blank=True, db_default="", max_length=255)),
                ("ignored_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ignored_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("ignored_reason", models.CharField(blank=True, max_length=255)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            accounts.search.WordsOf("name"),
                            accounts.search.WordsOf("email"),
                            accounts.search.WordsOf("username"),
                            accounts.search.WordsOf("salesforce_id"),
                            config="simple",
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "verbose_name": "Salesforce user",
                "indexes": [
                    models.Index(fields=["connection", "name", "id"], name="directory_by_name"),
                    models.Index(
                        models.F("connection"),
                        django.db.models.functions.text.Lower("email"),
                        name="directory_by_email",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["search"], name="directory_by_word"
                    ),
                    models.Index(
                        condition=models.Q(("wanted_since__isnull", False)),
                        fields=["connection", "wanted_since"],
                        name="directory_wanted",
                    ),
                    models.Index(
                        condition=models.Q(("can_open_tab", False)),
                        fields=["connection", "id"],
                        name="directory_without_tab",
                    ),
                    models.Index(
                        condition=models.Q(("left_at__isnull", False)),
                        fields=["connection", "left_at"],
                        name="directory_left",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "id"), name="directory_user_of_company"
                    ),
                    models.UniqueConstraint(
                        fields=("connection", "salesforce_id"),
                        name="salesforce_user_once_a_connection",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("salesforce_id__regex", "^005[0-9A-Za-z]{15}$")),
                        name="salesforce_user_id_has_18_characters",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkflowCondition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conditions",
                        to="integrations.workflow",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("field", models.CharField(max_length=120)),
                (
                    "operator",
                    models.CharField(
                        choices=[
                            ("equals", "is"),
                            ("not_equals", "is not"),
                            ("in", "is one of"),
                            ("greater", "is more than"),
                            ("at_least", "is at least"),
                            ("less", "is less than"),
                            ("at_most", "is at most"),
                            ("contains", "contains"),
                            ("is_empty", "is empty"),
                            ("is_not_empty", "is not empty"),
                        ],
                        max_length=12,
                    ),
                ),
                ("value", models.JSONField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "position"), name="one_condition_a_position"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="integrations.salesforcerecord",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="evaluations",
                        to="integrations.workflow",
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("reported", "Reported"),
                            ("no_match", "Does not match"),
                            ("held", "Held"),
                            ("not_counted", "Not counted"),
                            ("waiting", "Waits for a person"),
                            ("failed", "Set aside"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "hold",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_mapped", "No account yet"),
                            ("pending", "Account is pending"),
                            ("deactivated", "Account is deactivated"),
                            ("ignored", "Ignored"),
                            ("not_a_person", "Not a person"),
                            ("expired", "Held for too long"),
                            ("move", "Would move to somebody else"),
                            ("take_back", "Would be taken back"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(help_text="A sentence for an admin.", max_length=255)),
                (
                    "salesforce_user_id",
                    models.CharField(
                        blank=True,
                        help_text="Whose work it is, by the workflow's user field.",
                        max_length=18,
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="evaluations",
                        to="activities.activityreport",
                    ),
                ),
                ("record_version", models.PositiveIntegerField()),
                ("workflow_version", models.PositiveIntegerField()),
                ("held_since", models.DateTimeField(blank=True, null=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True, help_text="When time alone may change the verdict.", null=True
                    ),
                ),
                (
                    "report_changed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When Salesforce last had its report taken back or moved to somebody else.",
                        null=True,
                    ),
                ),
                (
                    "refused_change",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("move", "Would move to somebody else"),
                            ("take_back", "Would be taken back"),
                        ],
                        help_text="What a person said shall not happen to its report.",
                        max_length=12,
                    ),
                ),
                ("evaluated_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("hold", ""), _negated=True),
                        fields=["company", "salesforce_user_id", "hold"],
                        name="held_by_person",
                    ),
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="evaluation_due",
                    ),
                    models.Index(
                        condition=models.Q(("report_changed_at__isnull", False)),
                        fields=["workflow", "report_changed_at"],
                        name="report_changed_lately",
                    ),
                    models.Index(
                        fields=["workflow", "verdict", "id"], name="evaluation_by_verdict"
                    ),
                    models.Index(
                        condition=models.Q(("report__isnull", False)),
                        fields=["company", "salesforce_user_id"],
                        name="reported_by_person",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("record", "workflow"), name="one_verdict_a_record_and_workflow"
                    )
                ],
            },
        ),
    ]
