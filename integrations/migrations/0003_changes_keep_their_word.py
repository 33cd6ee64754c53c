"""What was decided never changes after approval, and the outcome of a row is written once.

The rows of a held plan are still to be decided.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION integrations_plannedchange_keeps_its_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.outcome <> 'waiting'
        AND (NEW.outcome, NEW.outcome_note, NEW.applied_at)
            IS DISTINCT FROM (OLD.outcome, OLD.outcome_note, OLD.applied_at) THEN
        RAISE EXCEPTION 'the outcome of planned change % is written already', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.plan_id, NEW.salesforce_user_id, NEW.action, NEW.included, NEW.values, NEW.basis)
            IS DISTINCT FROM
            (OLD.plan_id, OLD.salesforce_user_id, OLD.action, OLD.included, OLD.values, OLD.basis)
        AND EXISTS (
            SELECT FROM integrations_syncplan
            WHERE id = OLD.plan_id AND state NOT IN ('draft', 'held')
        ) THEN
        RAISE EXCEPTION 'planned change % belongs to a plan that is approved already', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER keeps_its_word BEFORE UPDATE ON integrations_plannedchange
    FOR EACH ROW EXECUTE FUNCTION integrations_plannedchange_keeps_its_word();
"""
BACKWARD = """
DROP TRIGGER keeps_its_word ON integrations_plannedchange;
DROP FUNCTION integrations_plannedchange_keeps_its_word();
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0002_company_bound_keys")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
