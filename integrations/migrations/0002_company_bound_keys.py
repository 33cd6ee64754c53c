from django.db import migrations

from accounts.composite_keys import company_bound_key

USER = "accounts_user"
TEAM = "accounts_team"
CONNECTION = "integrations_connection"
PLAN = "integrations_syncplan"
WORKFLOW = "integrations_workflow"
OF_CONNECTION = [
    "integrations_connectioncredential",
    "integrations_authorizationattempt",
    "integrations_directoryuser",
    "integrations_usermapping",
    "integrations_syncplan",
    "integrations_syncrun",
    "integrations_matchrule",
    "integrations_scoperule",
    "integrations_attributerule",
    "integrations_accessrequest",
    "integrations_tabvisitor",
    "integrations_workflow",
    "integrations_salesforcerecord",
    "integrations_heldchange",
    "integrations_watermark",
]
KEYS = [
    *((table, "connection_id", CONNECTION) for table in OF_CONNECTION),
    (CONNECTION, "automatic_team_id", TEAM),
    ("integrations_directoryuser", "wanted_workflow_id", WORKFLOW),
    ("integrations_directoryuser", "unlinked_from_id", USER),
    ("integrations_usermapping", "account_id", USER),
    (PLAN, "team_id", TEAM),
    (PLAN, "reverts_id", PLAN),
    ("integrations_plannedchange", "plan_id", PLAN),
    ("integrations_plannedchange", "account_id", USER),
    ("integrations_accessrequest", "plan_id", PLAN),
    ("integrations_accessrequest", "former_plan_id", PLAN),
    (WORKFLOW, "activity_type_id", "activities_activitytype"),
    ("integrations_workflowcondition", "workflow_id", WORKFLOW),
    ("integrations_evaluation", "record_id", "integrations_salesforcerecord"),
    ("integrations_evaluation", "workflow_id", WORKFLOW),
    ("integrations_evaluation", "report_id", "activities_activityreport"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0001_initial"),
        ("accounts", "0002_company_bound_keys"),
        ("activities", "0002_company_bound_keys"),
    ]

    operations = [company_bound_key(*key) for key in KEYS]
