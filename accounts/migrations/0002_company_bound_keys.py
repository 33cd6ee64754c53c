from django.db import migrations

from accounts.composite_keys import company_bound_key


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [company_bound_key("accounts_user", "team_id", "accounts_team")]
