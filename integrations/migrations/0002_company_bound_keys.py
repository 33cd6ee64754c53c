from django.db import migrations

from accounts.composite_keys import company_bound_key

CONNECTION = "integrations_connection"
KEYS = [
    ("integrations_connectioncredential", "connection_id", CONNECTION),
    ("integrations_authorizationattempt", "connection_id", CONNECTION),
    ("integrations_directoryuser", "connection_id", CONNECTION),
    ("integrations_usermapping", "connection_id", CONNECTION),
    ("integrations_usermapping", "account_id", "accounts_user"),
    ("integrations_syncplan", "connection_id", CONNECTION),
    ("integrations_syncplan", "team_id", "accounts_team"),
    ("integrations_syncplan", "reverts_id", "integrations_syncplan"),
    ("integrations_plannedchange", "plan_id", "integrations_syncplan"),
    ("integrations_plannedchange", "account_id", "accounts_user"),
    ("integrations_syncrun", "connection_id", CONNECTION),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("accounts", "0002_company_bound_keys")]

    operations = [company_bound_key(*key) for key in KEYS]
