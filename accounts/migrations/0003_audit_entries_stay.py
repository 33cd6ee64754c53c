from django.db import migrations

# TRUNCATE fires no row triggers, so that test databases can still be emptied. The one change let
# through is that of a deleted actor's foreign key, which SET_NULL makes.
FORWARDS = """
CREATE FUNCTION accounts_auditentry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL
        AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Audit entries are never changed or deleted.';
END
$$;
CREATE TRIGGER accounts_auditentry_stays BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_auditentry_stays();
"""
BACKWARDS = """
DROP TRIGGER accounts_auditentry_stays ON accounts_auditentry;
DROP FUNCTION accounts_auditentry_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_company_bound_keys")]

    operations = [migrations.RunSQL(sql=FORWARDS, reverse_sql=BACKWARDS)]
