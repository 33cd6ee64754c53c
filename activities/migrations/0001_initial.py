import accounts.search
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("accounts", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActivityType",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="activity_types",
                        to="accounts.company",
                    ),
                ),
                ("name", models.CharField(help_text="As in “Closed deals”.", max_length=100)),
                (
                    "sentence",
                    models.CharField(
                        help_text="What the feed says after the person's name: “closed a deal”.",
                        max_length=100,
                    ),
                ),
                (
                    "unit",
                    models.CharField(
                        choices=[("count", "Number"), ("money", "Money")],
                        default="count",
                        max_length=5,
                    ),
                ),
                ("in_feed", models.BooleanField(default=True, verbose_name="in the feed")),
                ("shows_value", models.BooleanField(default=True, verbose_name="amount shown")),
                (
                    "by_hand",
                    models.BooleanField(
                        default=False,
                        help_text="Only where nothing reports it by itself.",
                        verbose_name="may be reported by hand",
                    ),
                ),
                (
                    "celebrate_from",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="A report of at least this much is celebrated; empty for never. Amounts count in the company's currency only.",
                        max_digits=18,
                        null=True,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["company", "name"], name="activity_type_by_name")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "id"), name="activity_type_of_company"
                    ),
                    models.UniqueConstraint(
                        models.F("company"),
                        django.db.models.functions.text.Lower("name"),
                        name="activity_type_once_a_company",
                        violation_error_message="There is already an activity type of this name.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Feed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feed",
                        to="accounts.company",
                    ),
                ),
                ("version", models.BigIntegerField(default=0)),
                (
                    "renewed_version",
                    models.BigIntegerField(
                        default=0,
                        help_text="The last version that changed more than single reports, such as a name: who has seen less reads the whole page again.",
                    ),
                ),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Shortcuts",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shortcuts",
                        to="accounts.company",
                    ),
                ),
                ("leaderboard", models.BooleanField(default=True)),
                ("my_activity", models.BooleanField(default=True, verbose_name="My activity")),
                (
                    "report_by_hand",
                    models.BooleanField(
                        default=True,
                        help_text="Shown only where an activity type may be reported by hand.",
                        verbose_name="Report an activity",
                    ),
                ),
                (
                    "manage_integration",
                    models.BooleanField(
                        default=True,
                        help_text="Opens this admin in a new tab; shown to company admins only.",
                    ),
                ),
            ],
            options={
                "verbose_name": "shortcuts beside the feed",
                "verbose_name_plural": "shortcuts beside the feed",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="FeedChoice",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feed_choice",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="ActivityReport",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        help_text="The person's team when it became theirs.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "type",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="activities.activitytype",
                    ),
                ),
                ("value", models.DecimalField(decimal_places=2, max_digits=20)),
                (
                    "currency",
                    models.CharField(
                        blank=True,
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Use the three letters of ISO 4217, such as EUR."
                            )
                        ],
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=255)),
                ("link", models.URLField(blank=True, help_text="The record in Salesforce.")),
                (
                    "occurred_on",
                    models.DateField(help_text="Decides rankings, in the company's time zone."),
                ),
                ("published_at", models.DateTimeField(help_text="Decides its place in the feed.")),
                ("source_key", models.CharField(max_length=200)),
                ("feed_version", models.BigIntegerField(default=0)),
                (
                    "celebrated_version",
                    models.BigIntegerField(
                        blank=True,
                        help_text="The feed version that celebrated it, once for ever.",
                        null=True,
                    ),
                ),
                (
                    "retracted_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="taken back"),
                ),
                ("retracted_reason", models.CharField(blank=True, max_length=255)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            accounts.search.WordsOf("title"), config="simple"
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["company", "-published_at", "-id"], name="report_by_place"
                    ),
                    models.Index(
                        fields=["team", "-published_at", "-id"], name="report_by_team_and_place"
                    ),
                    models.Index(
                        condition=models.Q(("retracted_at__isnull", False)),
                        fields=["company", "-published_at", "-id"],
                        name="report_taken_back",
                    ),
                    models.Index(fields=["company", "feed_version"], name="report_by_feed_version"),
                    models.Index(
                        condition=models.Q(("retracted_at__isnull", True)),
                        fields=["company", "type", "occurred_on"],
                        include=("user", "team", "currency", "value"),
                        name="report_for_rankings",
                    ),
                    models.Index(fields=["user", "-occurred_on", "-id"], name="report_of_a_person"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["search"], name="report_by_word"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "id"), name="report_of_company"),
                    models.UniqueConstraint(
                        fields=("company", "source_key"), name="one_report_a_source_key"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Like",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="likes",
                        to="activities.activityreport",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="likes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("report", "user"), name="one_like_a_person")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Comment",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.company",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comments",
                        to="activities.activityreport",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("text", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "deleted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["report", "created_at", "id"], name="comment_in_order"),
                    models.Index(fields=["company", "-id"], name="comment_newest_first"),
                ],
                "constraints": [],
            },
        ),
    ]
