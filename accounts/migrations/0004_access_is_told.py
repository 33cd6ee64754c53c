"""Open live streams end at once with their account's access; see activities/live.py.

Accounts change state in many places, also in bulk, so the database itself tells it.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION accounts_tell_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('scoreline_access', OLD.id::text);
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER accounts_user_access AFTER UPDATE ON accounts_user FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.access_version IS DISTINCT FROM NEW.access_version)
EXECUTE FUNCTION accounts_tell_access()
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_audit_entries_stay")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION accounts_tell_access()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER accounts_user_access ON accounts_user"),
    ]
