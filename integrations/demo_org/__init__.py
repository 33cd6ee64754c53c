"""A local Salesforce org, for the demo and the tests. It is not Salesforce and says so.

    python -m integrations.demo_org --port 8400 --callback http://127.0.0.1:8000/...

serves a made-up company (`--seed`, `--people`) or a folder of CSV files (`--data DIR`,
`--keep-dates`) on 127.0.0.1. In a test, on a real socket:

    org = DemoOrg.believable()          # or DemoOrg.from_csv(folder), DemoOrg.empty()
    org.app.callback_urls.append("http://testserver/callback")
    with run_in_thread(org) as running:  # integrations.demo_org.server
        tokens = org.grant(org.logins[0].username)   # what the token endpoint would answer
        ...running.url...

`org.logins` are the people who can log in, `org.cast` the hard cases by role (`leaver`,
`returner`, `duplicate_email`, ...), `org.app` the client app with key and secret.
`org.insert/update/delete/undelete/purge` change records as somebody in Salesforce would, several
at once within `org.store.transaction()`; by hand the pages at `/lightning` do so, and `--live`
plays sales. `org.stream_hold` is how long the stream holds an answer, in seconds.

Another process gets the same over HTTP with the app's key and secret: `POST /demo-org/setup`
(org id, log-ins, cast) and `POST /demo-org/grant` (form: client_id, client_secret, username).

Faults: `org.faults.break_it("unavailable", times=1, after=2, where="/query", value="3")`,
`.mend(name)`, `.mend_everything()`; over HTTP `POST /break-it/api` with the same names as JSON,
`{"mend": "everything"}`, `GET` for the state; by hand the page `/break-it`. All are listed in
`fault_kinds.py` and `stream_faults.py`. `times` left out: until mended; `after`: requests to let
pass first; `where`: data, login, stream, all, or a part of a path. Pages of five records:
`break_it("small_pages")`.

The same seed or the same files give the same ids. What a user sees follows from permission sets
(each profile owns one): `PermissionsApiEnabled`, `PermissionsViewAllUsers`, `ObjectPermissions`
on Account and Opportunity. Tasks and events have no object permissions in Salesforce: seeing all
of them takes `PermissionsViewAllData`. `UserPermissionAccess` shows the asking user's own.

    schema/   objects and fields             soql/     text -> tokens -> query -> rows
    store.py, derived.py  the tables         rest.py   the data API's routes
    access.py who sees what                  oauth.py  the OAuth endpoints
    authority.py, grants.py                  codes, grants and tokens
    queries.py, describing.py, replication.py, query_jobs.py   reading; the Bulk API's queries
    records.py, values.py, composite.py                        writing
    change_log.py, cometd.py, bayeux.py      Change Data Capture, and how it is told
    believable.py, cast.py, believable_work.py, crm_csv.py, crm_org.py   its data
    live.py, lightning.py                    sales played by the org; its pages for sales people
    faults.py, fault_kinds.py, stream_faults.py, switches.py, web_faults.py, break_it.py
                                             what can go wrong
"""

from .csv_files import BrokenData
from .org import DemoOrg

__all__ = ["BrokenData", "DemoOrg"]
