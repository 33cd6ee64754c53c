"""As with accounts: whose mapping goes or changes loses the tab at once, with its open streams."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION integrations_tell_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('scoreline_access', OLD.account_id::text);
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER integrations_usermapping_access AFTER UPDATE OR DELETE ON integrations_usermapping
FOR EACH ROW EXECUTE FUNCTION integrations_tell_access()
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_changes_keep_their_word")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION integrations_tell_access()"),
        migrations.RunSQL(
            TRIGGER, "DROP TRIGGER integrations_usermapping_access ON integrations_usermapping"
        ),
    ]
