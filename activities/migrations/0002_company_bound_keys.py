from django.db import migrations

from accounts.composite_keys import company_bound_key

REPORT = "activities_activityreport"
KEYS = [
    (REPORT, "user_id", "accounts_user"),
    (REPORT, "team_id", "accounts_team"),
    (REPORT, "type_id", "activities_activitytype"),
    ("activities_like", "report_id", REPORT),
    ("activities_like", "user_id", "accounts_user"),
    ("activities_comment", "report_id", REPORT),
    ("activities_comment", "user_id", "accounts_user"),
    ("activities_feedchoice", "user_id", "accounts_user"),
    ("activities_feedchoice", "team_id", "accounts_team"),
]


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial"), ("accounts", "0002_company_bound_keys")]

    operations = [company_bound_key(*key) for key in KEYS]
