"""People, deals and workflows for the tests, and what is seen of them here."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection as database

from accounts.models import User
from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import (
    Approach,
    Connection,
    Evaluation,
    SyncRun,
    UserMapping,
    Workflow,
)
from integrations.record_sync import backfilling, due, polling
from integrations.record_sync.templates import TEMPLATES, create_from_template
from integrations.record_sync.workflows import switch_on
from integrations.user_sync.directory import refresh_directory, request_refresh

LONG_AGO = date(2016, 1, 1)


def rep(org: DemoOrg, name: str, **more: Any) -> Row:
    """A sales rep in Salesforce."""
    profile = next(row for row in org.store.rows("Profile") if row["Name"] == "Sales Rep")
    values: dict[str, Any] = {
        "Username": f"{name.lower()}@example.com",
        "LastName": name,
        "Email": f"{name.lower()}@example.com",
        "Alias": name[:8].lower(),
        "IsActive": True,
        "ProfileId": profile["Id"],
        "UserType": "Standard",
    }
    return org.insert("User", **(values | more))


def deal(org: DemoOrg, owner: Row, **more: Any) -> Row:
    """An opportunity: won, 1,000, closed today, unless said otherwise."""
    values: dict[str, Any] = {
        "Name": "A deal",
        "OwnerId": owner["Id"],
        "StageName": "Closed Won",
        "Amount": 1000.0,
        "CloseDate": org.today(),
    }
    return org.insert("Opportunity", **(values | more))


def won_by_ann(connection: Connection, org: DemoOrg, number: int) -> None:
    """So many won deals of somebody with an account, which a workflow catches; in small pages."""
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    for _ in range(number):
        deal(org, ann)
    org.faults.break_it("small_pages", value="5")


def account(connection: Connection, person: Row, **more: Any) -> User:
    """An account mapped to this Salesforce user."""
    user = User.objects.create_user(
        company=connection.company, email=person["Email"], **({"name": person["LastName"]} | more)
    )
    map_to(connection, person, user)
    return user


def map_to(connection: Connection, person: Row, user: User, **more: Any) -> UserMapping:
    return UserMapping.objects.create(
        company=connection.company,
        connection=connection,
        salesforce_user_id=person["Id"],
        account=user,
        approach=Approach.MANUAL,
        **more,
    )


def refresh_users(connection: Connection) -> None:
    run = request_refresh(connection, by=None)
    refresh_directory(run.pk)
    run.refresh_from_db()
    assert run.state == SyncRun.State.DONE, run.error


def workflow(connection: Connection, key: str = "closed-won", **fields: Any) -> Workflow:
    """A workflow from a template, not yet switched on."""
    made = create_from_template(connection, TEMPLATES[key], by=None)
    if fields:
        Workflow.objects.filter(pk=made.pk).update(**fields)
        made.refresh_from_db()
    return made


def switched_on(
    connection: Connection, key: str = "closed-won", since: date | None = LONG_AGO, **fields: Any
) -> Workflow:
    """A workflow that is on and has read what there was."""
    made = workflow(connection, key, **fields)
    run = switch_on(made, since=since, by=None)
    if run is not None:
        backfilled(run)
    else:
        poll(connection)
    made.refresh_from_db()
    return made


def backfilled(run: SyncRun) -> SyncRun:
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    assert run.state == SyncRun.State.DONE, run.error
    return run


def poll(connection: Connection) -> None:
    """A poll, as the worker does it."""
    assert polling.poll(connection.pk)


def evaluate(connection: Connection) -> None:
    due.evaluate_due(connection)


def reports() -> dict[str, tuple[str, Decimal]]:
    """Whose each live report is, and its value, by the record's id."""
    live = ActivityReport.objects.filter(retracted_at=None).select_related("user")
    return {one.source_key.split(":")[2]: (one.user.name, one.value) for one in live}


def verdict(record: Row) -> Evaluation:
    return Evaluation.objects.select_related("report", "record").get(record__record_id=record["Id"])


def written() -> dict[str, str]:
    """Which transaction wrote each row of records, verdicts and reports."""
    found: dict[str, str] = {}
    with database.cursor() as cursor:
        for table in (
            "integrations_salesforcerecord",
            "integrations_evaluation",
            "activities_activityreport",
        ):
            cursor.execute(f"SELECT id, xmin::text FROM {table}")
            found |= {f"{table} {pk}": xmin for pk, xmin in cursor.fetchall()}
    return found
