from django.db import migrations

# Names, hidden people and what an activity type shows stand on any number of reports at once, and
# change in many places, also in bulk, past every signal. So the database itself raises the feed's
# version, at the end of the transaction, once however many rows it changed (the row that this
# transaction has renewed already is left alone).
FUNCTION = """
CREATE FUNCTION activities_renew_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.company_id IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO activities_feed AS feed (company_id, version, renewed_version)
        VALUES (OLD.company_id, 1, 1)
        ON CONFLICT (company_id) DO UPDATE
            SET version = feed.version + 1, renewed_version = feed.version + 1
            WHERE feed.xmin <> pg_current_xact_id()::xid OR feed.renewed_version <> feed.version;
    PERFORM pg_notify('scoreline_feed', OLD.company_id::text);
    RETURN NULL;
END
$$
"""

#: Table -> the columns that show in the feed.
SHOWN = {
    "accounts_user": ("name", "hide_from_feed"),
    "accounts_team": ("name",),
    "activities_activitytype": ("name", "sentence", "unit", "in_feed", "shows_value"),
}


def trigger(table: str, columns: tuple[str, ...]) -> migrations.RunSQL:
    differs = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
    return migrations.RunSQL(
        sql=f"""
            CREATE CONSTRAINT TRIGGER {table}_renews_feed AFTER UPDATE ON {table}
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION activities_renew_feed()
        """,
        reverse_sql=f"DROP TRIGGER {table}_renews_feed ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("activities", "0002_company_bound_keys")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION activities_renew_feed()"),
        *(trigger(table, columns) for table, columns in SHOWN.items()),
        migrations.RunSQL(
            sql="""
                CREATE CONSTRAINT TRIGGER accounts_team_gone_renews_feed AFTER DELETE
                ON accounts_team DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION activities_renew_feed()
            """,
            reverse_sql="DROP TRIGGER accounts_team_gone_renews_feed ON accounts_team",
        ),
    ]
