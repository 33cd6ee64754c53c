"""What a shell may be told by mistake: a sentence, an exit code of its own, and nothing changed."""

from __future__ import annotations

import json
from datetime import date

import pytest

from accounts.models import Company
from activities.models import ActivityType
from integrations.models import Connection, SyncRun, Workflow
from integrations.record_sync.backfilling import FIRST_DAY, _since
from integrations.record_sync.fields import FieldSet

from .running import run

DAYS = ("0001-01-01", "1998-12-31", "9999-12-31", "tomorrow")


def deals(connection: Connection, **fields: str) -> Workflow:
    kind = ActivityType.objects.create(company=connection.company, name="Deal won")
    return Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name="Deals",
        object_name="Opportunity",
        activity_type=kind,
        date_field="CloseDate",
        **fields,
    )


@pytest.fixture
def workflow(connection: Connection) -> Workflow:
    return deals(connection)


@pytest.mark.parametrize("day", DAYS)
def test_a_day_that_cannot_be_meant_is_refused(workflow: Workflow, day: str) -> None:
    for command in (("workflow", "enable", "Deals"), ("salesforce_backfill",)):
        assert "day" in run(*command, "--since", day).error
    workflow.refresh_from_db()
    assert workflow.state == Workflow.State.OFF
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("day", [date.min, date.max])
def test_no_day_that_is_stored_stops_a_backfill(connection: Connection, day: date) -> None:
    fields = FieldSet("Opportunity", {"CloseDate": "date"})
    asked = _since(connection, SyncRun(object_name="Opportunity", since=day), fields)
    assert asked.startswith("SystemModstamp >= ")
    assert str(max(day, FIRST_DAY).year - 1) in asked or "9999" in asked


def test_a_workflow_that_is_on_is_not_read_since_a_day_silently(workflow: Workflow) -> None:
    Workflow.objects.update(state=Workflow.State.ON)
    ran = run("workflow", "enable", "Deals", "--since", "2026-01-01")
    assert (ran.code, "--since was not applied" in ran.error) == (2, True)


@pytest.mark.usefixtures("workflow")
def test_numbers_that_cannot_be_meant_are_refused() -> None:
    for days in ("99999999999", "800000", "0", "-4"):
        assert "from 1 to" in run("workflow", "try", "Deals", f"--days={days}").error
    assert run("workflow", "enable", "²").code == 2
    for rows in ("-5", "9" * 30):
        assert "from 0 to" in run("plan", "show", "1", f"--rows={rows}").error


@pytest.mark.django_db(transaction=True)
def test_a_paused_connection_keeps_no_other_from_being_compared(
    connected: Connection, other_company: Company
) -> None:
    Connection.objects.create(
        company=other_company,
        name="Theirs",
        state=Connection.State.PAUSED,
        state_reason="We move.",
    )
    deals(connected, state=Workflow.State.ON)
    ran = run("salesforce_reconcile", "--json")
    assert ran.code == 1
    assert ran.error.startswith("Theirs: ")
    assert "We move." in ran.error
    done, refused = json.loads(ran.out)
    assert (done["object"], done["state"]) == ("Opportunity", "done")
    assert refused == {"error": ran.error}


@pytest.mark.parametrize("command", ["salesforce_poll", "salesforce_reconcile"])
def test_what_is_not_connected_is_not_asked(
    connection: Connection, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Connection.objects.update(state=Connection.State.PAUSED, state_reason="We move.")
    ran = run(command)
    assert (ran.code, "We move." in ran.error + capsys.readouterr().err) == (1, True)
