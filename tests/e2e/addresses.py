"""The pages to look at, for the tests and for the pictures."""

FOR_NOBODY = ["/login/", "/password/forgotten/", "/invitation/MQ/used-up/"]
#: Pages below the only connection of the demo.
OF_CONNECTION = [
    "add-person/",
    "add-person/?q=ma",
    "automatic/",
    "all-active/",
    "pending/",
    "leavers/",
    "pause/",
    "match-rules/",
    "scope-rules/",
    "attributes/",
    "e-mail-differs/",
    "mappings/import/",
    "people/1/explain/",
    "accounts/2/",
    "held-records/",
    "held-changes/",
    "where-is-my-deal/",
    "where-is-my-deal/?q=corp",
    "tab/",
]
FOR_ADMINS = [
    "/admin/",
    *(f"/admin/integrations/connection/1/{tail}" for tail in OF_CONNECTION),
    "/admin/integrations/directoryuser/",
    "/admin/integrations/directoryuser/?q=nobody+of+this+name",
    "/admin/integrations/connection/",
    "/admin/integrations/syncplan/",
    "/admin/integrations/usermapping/",
    "/admin/integrations/workflow/",
    "/admin/integrations/workflow/add/",
    "/admin/integrations/salesforcerecord/",
    "/admin/integrations/syncrun/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/accounts/team/",
    "/admin/accounts/team/add/",
    "/admin/accounts/company/",
    "/admin/accounts/auditentry/",
    "/admin/activities/activityreport/",
    "/admin/activities/activitytype/",
    "/admin/activities/comment/",
    "/admin/activities/shortcuts/",
    "/admin/activities/shortcuts/add/",
    "/password/",
]
FOR_MEMBERS = ["/feed/", "/leaderboard/", "/my-activity/", "/report/", "/account/"]
FOR_SUPPORT = ["/admin/", "/admin/accounts/company/add/", "/admin/integrations/syncplan/"]
#: A list, and the page of its first row.
FIRST_ROWS = [
    ("/admin/integrations/connection/", "#result_list tbody a"),
    ("/admin/integrations/directoryuser/", "#result_list td a"),
    ("/admin/integrations/syncplan/", "#result_list tbody a"),
    ("/admin/accounts/user/", "#result_list tbody a"),
    ("/admin/accounts/auditentry/", "#result_list tbody a"),
    ("/admin/accounts/company/", "#result_list tbody a"),
    ("/admin/integrations/workflow/", "main a[href$='/change/']"),
    ("/admin/integrations/salesforcerecord/", "#result_list tbody a"),
    ("/admin/integrations/syncrun/", "#result_list tbody a"),
]
#: Width of the window, and whether it is dark.
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]
