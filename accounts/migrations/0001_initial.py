import accounts.models.company
import accounts.search
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.fields.json
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Company",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("slug", models.SlugField(unique=True)),
                (
                    "time_zone",
                    models.CharField(
                        max_length=64, validators=[accounts.models.company.validate_time_zone]
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        help_text="Nothing is converted when it changes. Reports from Salesforce follow; those made by hand, or by a workflow that is off, stay as they are.",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Use the three letters of ISO 4217, such as EUR."
                            )
                        ],
                    ),
                ),
                (
                    "seat_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Active accounts at most; empty for no limit.",
                        null=True,
                        verbose_name="seats",
                    ),
                ),
                (
                    "may_approve_own_requests",
                    models.BooleanField(
                        default=False,
                        help_text="Whether its admins may approve accounts for all active users themselves.",
                        verbose_name="may approve its own requests",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "companies",
                "indexes": [models.Index(fields=["name"], name="company_by_name")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="LogInAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("password", "Password"), ("forgotten", "Forgotten password")],
                        max_length=9,
                    ),
                ),
                ("email_digest", models.CharField(max_length=64)),
                ("address", models.GenericIPAddressField(null=True, verbose_name="IP address")),
                (
                    "browser",
                    models.CharField(
                        blank=True,
                        help_text="A browser that has logged in here before, or empty.",
                        max_length=32,
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email_digest", "at"], name="attempt_by_email"),
                    models.Index(fields=["address", "at"], name="attempt_by_address"),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Team",
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
                        related_name="teams",
                        to="accounts.company",
                    ),
                ),
                ("name", models.CharField(max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["company", "name"], name="team_by_name")],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="team_of_company"),
                    models.UniqueConstraint(
                        models.F("company"),
                        django.db.models.functions.text.Lower("name"),
                        name="team_name_once_a_company",
                        violation_error_message="There is already a team of this name.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "company",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty for support staff, who belong to no company.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="users",
                        to="accounts.company",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="users",
                        to="accounts.team",
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("name", models.CharField(max_length=200)),
                ("title", models.CharField(blank=True, max_length=200)),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        help_text="Empty for the company's.",
                        max_length=64,
                        validators=[accounts.models.company.validate_time_zone],
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("active", "Active"),
                            ("deactivated", "Deactivated"),
                        ],
                        default="active",
                        max_length=12,
                    ),
                ),
                (
                    "federation_id",
                    models.CharField(
                        blank=True,
                        help_text="The “Federation ID” of the Salesforce user, if your company uses it.",
                        max_length=512,
                        verbose_name="federation id",
                    ),
                ),
                ("hide_from_feed", models.BooleanField(default=False)),
                (
                    "protected",
                    models.BooleanField(
                        default=False, help_text="No sync ever changes or deactivates this account."
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False, editable=False, verbose_name="support staff"
                    ),
                ),
                (
                    "invited_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="invited"
                    ),
                ),
                (
                    "daily_digest",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="For admins: one mail a day, and none when nothing waits.",
                        verbose_name="daily mail about what waits",
                    ),
                ),
                ("digest_sent_on", models.DateField(blank=True, editable=False, null=True)),
                (
                    "access_version",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="Raised to end all sessions and links of this account for good.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            accounts.search.WordsOf("name"),
                            accounts.search.WordsOf("email"),
                            config="simple",
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "indexes": [
                    models.Index(
                        django.db.models.functions.text.Lower("email"), name="user_by_email"
                    ),
                    models.Index(fields=["company", "name"], name="user_by_name"),
                    models.Index(
                        condition=models.Q(("federation_id", ""), _negated=True),
                        fields=["company", "federation_id"],
                        name="user_by_federation_id",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["search"], name="user_by_word"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="user_of_company"),
                    models.UniqueConstraint(
                        models.F("company"),
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(
                            ("company__isnull", False), ("state__in", ("pending", "active"))
                        ),
                        name="email_once_a_company",
                        violation_error_message="Somebody in your company already has this e-mail.",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("company__isnull", True)),
                        name="email_once_in_support",
                        violation_error_message="Somebody of the support staff already has this e-mail.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("company__isnull", True),
                                ("is_superuser", True),
                                ("team__isnull", True),
                            ),
                            models.Q(("company__isnull", False), ("is_superuser", False)),
                            _connector="OR",
                        ),
                        name="support_staff_has_no_company",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audit_entries",
                        to="accounts.company",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty when Scoreline did it by itself, or the person is gone.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_name", models.CharField(blank=True, max_length=254)),
                (
                    "address",
                    models.GenericIPAddressField(blank=True, null=True, verbose_name="IP address"),
                ),
                ("action", models.CharField(max_length=64)),
                ("subject_type", models.CharField(max_length=64)),
                ("subject_id", models.CharField(max_length=64)),
                ("subject_name", models.CharField(blank=True, max_length=254)),
                ("before", models.JSONField(blank=True, null=True)),
                ("after", models.JSONField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "indexes": [
                    models.Index(fields=["company", "-at", "-id"], name="audit_newest_first"),
                    models.Index(fields=["-at", "-id"], name="audit_of_all_newest_first"),
                    models.Index(
                        fields=["company", "subject_type", "subject_id", "-at"],
                        name="audit_of_a_subject",
                    ),
                    models.Index(
                        models.F("company"),
                        django.db.models.fields.json.KeyTextTransform("plan", "after"),
                        name="audit_of_a_plan",
                    ),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="EntranceCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
    ]
