from django.db import migrations

from accounts.composite_keys import company_bound_key

CONNECTION = "integrations_connection"
KEYS = [
    ("integrations_connection", "automatic_team_id", "accounts_team"),
    ("integrations_directoryuser", "wanted_workflow_id", "integrations_workflow"),
    ("integrations_matchrule", "connection_id", CONNECTION),
    ("integrations_scoperule", "connection_id", CONNECTION),
    ("integrations_attributerule", "connection_id", CONNECTION),
    ("integrations_accessrequest", "connection_id", CONNECTION),
    ("integrations_accessrequest", "plan_id", "integrations_syncplan"),
    ("integrations_accessrequest", "former_plan_id", "integrations_syncplan"),
]

# As before, and the rows of a held plan are still to be decided.
FORWARD = """
CREATE OR REPLACE FUNCTION integrations_plannedchange_keeps_its_word() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION integrations_plannedchange_keeps_its_word() RETURNS trigger LANGUAGE plpgsql AS $$
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
        AND EXISTS (SELECT FROM integrations_syncplan WHERE id = OLD.plan_id AND state <> 'draft') THEN
        RAISE EXCEPTION 'planned change % belongs to a plan that is approved already', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# What a connection had before these were rules, and what a new one has now.
MATCH_RULES = ("federation_id", "email", "username")
ATTRIBUTE_RULES = (
    ("name", "never", "Name"),
    ("time_zone", "fill", "TimeZoneSidKey"),
    ("title", "fill", "Title"),
    ("team", "never", "Department"),
)


def make_default_rules(apps, schema_editor):
    connection_model = apps.get_model("integrations", "Connection")
    match_rule = apps.get_model("integrations", "MatchRule")
    attribute_rule = apps.get_model("integrations", "AttributeRule")
    for connection in connection_model.objects.only("pk", "company_id").iterator():
        mine = {"company_id": connection.company_id, "connection_id": connection.pk}
        match_rule.objects.bulk_create(
            match_rule(rule=rule, position=position, **mine)
            for position, rule in enumerate(MATCH_RULES, 1)
        )
        attribute_rule.objects.bulk_create(
            attribute_rule(attribute=attribute, policy=policy, source=source, **mine)
            for attribute, policy, source in ATTRIBUTE_RULES
        )


class Migration(migrations.Migration):
    dependencies = [("integrations", "0011_all_approaches")]

    operations = [
        *[company_bound_key(*key) for key in KEYS],
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(make_default_rules, migrations.RunPython.noop),
    ]
