"""Workflows and rounds from a shell: each command's JSON and exit code."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.demo_org.org import DemoOrg
from integrations.models import Connection

from .world import account, deal, poll, rep, reports, switched_on, workflow


def command(*args: str) -> tuple[int, Any]:
    """The exit code and the JSON of a command."""
    out = StringIO()
    try:
        call_command(*args, "--json", stdout=out)
    except CommandError as error:
        return error.returncode, json.loads(out.getvalue())
    except SystemExit as end:
        return int(str(end.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_a_workflow_from_a_shell_from_making_to_taking_back(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    code, (made,) = command("workflow", "create", "--template", "closed-won")
    assert (code, made["state"]) == (0, "off")
    code, rows = command("workflow", "try", made["name"])
    assert (code, [row["verdict"] for row in rows]) == (0, ["reported"])
    code, (run,) = command("workflow", "enable", made["name"], "--since", "2016-01-01")
    assert (code, run["state"], run["reported"]) == (0, "done", 1)
    code, (polled,) = command("salesforce_poll")
    assert (code, polled["error"]) == (0, "")
    code, (run,) = command("salesforce_backfill", "--since", "2016-01-01")
    assert (code, run["read"], run["added"]) == (0, 1, 0)
    code, (run,) = command("salesforce_reconcile")
    assert (code, run["state"]) == (0, "done")
    code, _ = command("workflow", "disable", made["name"], "--take-back")
    assert (code, reports()) == (0, {})
    code, (listed,) = command("workflow", "list")
    assert (code, listed["state"]) == (0, "off")


@pytest.mark.parametrize(
    ("template", "lines"),
    [("opportunity-created", ["Ann", "In total 1"]), ("closed-won", ["Ann: 1,000.50 USD"])],
)
def test_a_trial_in_a_shell_shows_values_as_pages_do(
    connection: Connection, org: DemoOrg, template: str, lines: list[str]
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann, Amount=1000.5)
    out = StringIO()
    call_command("workflow", "try", str(workflow(connection, template).pk), stdout=out)
    printed = out.getvalue().splitlines()
    assert [line for line in lines if not any(one.endswith(line) for one in printed)] == []


def test_commands_tell_failure_bad_use_and_waiting_apart(
    connection: Connection, org: DemoOrg
) -> None:
    assert command("workflow", "enable", "no such")[0] == 2
    assert command("workflow", "create")[0] == 2
    assert command("salesforce_backfill", "--since", "2026-01-01")[0] == 2
    switched_on(connection, since=None)
    assert command("workflow", "create", "--template", "closed-won")[0] == 1
    org.faults.break_it("request_limit")
    code, (polled,) = command("salesforce_poll")
    assert code == 1
    assert "used up" in polled["error"]
    org.faults.mend_everything()
    ann = rep(org, "Ann")
    account(connection, ann)
    deals = [deal(org, ann) for _ in range(21)]
    poll(connection)
    for one in deals:
        org.update("Opportunity", one["Id"], IsDeleted=True)
    code, (polled,) = command("salesforce_poll")
    assert (code, polled["waiting"]) == (3, 1)
    assert command("workflow", "disable", "Closed-won deals", "--take-back")[0] == 0
    code, (polled,) = command("salesforce_poll")
    assert (code, polled["waiting"]) == (0, 0)


def test_a_script_reads_what_went_wrong_and_what_was_done_all_the_same(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection)
    code, told = command("salesforce_backfill", "--company", "nobody", "--since", "2026-01-01")
    assert (code, told) == (2, {"error": "There is no company “nobody”."})
    paused = Connection.objects.create(
        company=connection.company, login_url="https://x.salesforce.com", state="paused"
    )
    code, (done, refused) = command("salesforce_reconcile")
    assert (code, done["connection"], done["state"]) == (1, connection.pk, "done")
    assert str(paused) in refused["error"]
