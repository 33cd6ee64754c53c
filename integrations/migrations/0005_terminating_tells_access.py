"""As with mappings: whom a terminated connection let in loses the tab, with its open streams."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION integrations_tell_access_of_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('scoreline_access', account_id::text)
        FROM integrations_usermapping WHERE connection_id = NEW.id AND is_current;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER integrations_connection_access AFTER UPDATE ON integrations_connection FOR EACH ROW
WHEN (NEW.state = 'terminated' AND OLD.state <> NEW.state)
EXECUTE FUNCTION integrations_tell_access_of_all()
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_mappings_tell_access")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION integrations_tell_access_of_all()"),
        migrations.RunSQL(
            TRIGGER, "DROP TRIGGER integrations_connection_access ON integrations_connection"
        ),
    ]
