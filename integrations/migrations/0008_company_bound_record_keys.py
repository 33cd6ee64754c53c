from django.db import migrations

from accounts.composite_keys import company_bound_key

CONNECTION = "integrations_connection"
KEYS = [
    ("integrations_workflow", "connection_id", CONNECTION),
    ("integrations_workflow", "activity_type_id", "activities_activitytype"),
    ("integrations_workflowcondition", "workflow_id", "integrations_workflow"),
    ("integrations_salesforcerecord", "connection_id", CONNECTION),
    ("integrations_evaluation", "record_id", "integrations_salesforcerecord"),
    ("integrations_evaluation", "workflow_id", "integrations_workflow"),
    ("integrations_evaluation", "report_id", "activities_activityreport"),
    ("integrations_watermark", "connection_id", CONNECTION),
]


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0007_workflows_and_records"),
        ("activities", "0002_company_bound_keys"),
    ]

    operations = [company_bound_key(*key) for key in KEYS]
