"""A list costs as many queries with many rows as with few."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from activities.models import ActivityType
from integrations.models import (
    Approach,
    Connection,
    Evaluation,
    SalesforceRecord,
    SyncPlan,
    SyncRun,
    Workflow,
)
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import person, salesforce_id

from .browsing import page
from .conftest import logged_in

#: Adds one more row, of this number.
Adding = Callable[[Connection, int], object]


def workflow(connection: Connection, number: int) -> Workflow:
    kind, _ = ActivityType.objects.get_or_create(company=connection.company, name="Deal won")
    made = Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name=f"Workflow {number}",
        object_name="Opportunity",
        activity_type=kind,
        date_field="CloseDate",
    )
    made.conditions.create(
        company=made.company, position=1, field="IsWon", operator="equals", value=True
    )
    return made


def record(connection: Connection, number: int) -> None:
    """Held, each by a workflow of its own, for a person of its own."""
    now = timezone.now()
    person(connection, number)
    kept = SalesforceRecord.objects.create(
        company=connection.company,
        connection=connection,
        object_name="Opportunity",
        record_id=f"006{number:015d}",
        fields={"Name": f"Deal {number}"},
        system_modstamp=now,
        requested_at=now,
    )
    Evaluation.objects.create(
        company=connection.company,
        record=kept,
        workflow=workflow(connection, number),
        verdict=Evaluation.Verdict.HELD,
        hold=Evaluation.Hold.NOT_MAPPED,
        held_since=now,
        reason="Nobody has this account yet.",
        salesforce_user_id=salesforce_id(number),
        evaluated_at=now,
        record_version=1,
        workflow_version=1,
    )


def plan(connection: Connection, number: int) -> None:
    by = User.objects.filter(company=connection.company).first()
    plan_import(connection, [person(connection, number)], by=by)


def held_plan(connection: Connection, number: int) -> None:
    made = plan_import(
        connection, [person(connection, number)], by=None, approach=Approach.AUTOMATIC
    )
    SyncPlan.objects.filter(pk=made.pk).update(state=SyncPlan.State.HELD, held_reason="Too many.")


def run(connection: Connection, number: int) -> None:
    SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.POLL,
        state=SyncRun.State.DONE,
        requested_by=User.objects.filter(company=connection.company).first(),
    )


def wanted(connection: Connection, number: int) -> None:
    person(
        connection,
        number,
        wanted_since=timezone.now(),
        wanted_workflow=workflow(connection, number),
        wanted_record_id=f"006{number:015d}",
    )


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    ("address", "add"),
    [
        ("/admin/integrations/syncplan/", plan),
        ("/admin/integrations/syncrun/", run),
        ("/admin/integrations/workflow/", workflow),
        ("/admin/integrations/salesforcerecord/", record),
        ("held_records", record),
        ("automatic", wanted),
        ("/admin/", plan),
        ("/admin/", record),
    ],
)
def test_a_list_costs_as_much_with_many_rows(
    client: Client, admin: User, connection: Connection, address: str, add: Adding
) -> None:
    where = address if address.startswith("/") else page(address, connection)
    for number in (1, 2):
        add(connection, number)
    few = queries(client, where)
    for number in range(3, 15):
        add(connection, number)
    assert queries(client, where) <= few


def test_the_home_of_support_costs_as_much_with_many_companies(support: User) -> None:
    client = logged_in(support)

    def company(number: int) -> None:
        made = Company.objects.create(name=f"C{number}", slug=f"c{number}", currency="NOK")
        connection = Connection.objects.create(
            company=made, login_url="https://acme.my.salesforce.com", state="connected"
        )
        held_plan(connection, number)

    for number in (1, 2):
        company(number)
    few = queries(client, "/admin/")
    for number in range(3, 12):
        company(number)
    assert queries(client, "/admin/") <= few
