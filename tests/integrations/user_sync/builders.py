"""Salesforce users, accounts and plans for the tests, with what does not matter filled in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from accounts.models import Company, User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    Evaluation,
    SalesforceRecord,
    SyncPlan,
    UserMapping,
    Workflow,
)
from integrations.salesforce.ids import to_18
from integrations.user_sync import applying, approving, planning

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def salesforce_id(number: int) -> str:
    return to_18(f"005{number:012d}")


def person(connection: Connection, number: int, **fields: Any) -> DirectoryUser:
    """A Salesforce user, saved: “Person 7”, person7@example.com."""
    return DirectoryUser.objects.create(**_fields(connection, number, fields))


def people(connection: Connection, numbers: Iterable[int], **fields: Any) -> list[DirectoryUser]:
    rows = [DirectoryUser(**_fields(connection, number, fields)) for number in numbers]
    return DirectoryUser.objects.bulk_create(rows)


def account(company: Company, email: str, **fields: Any) -> User:
    values = {"name": email.split("@")[0].title()} | fields
    return User.objects.create_user(company=company, email=email, **values)


def mapped(connection: Connection, number: int, account: User, **fields: Any) -> UserMapping:
    return UserMapping.objects.create(
        company=connection.company,
        connection=connection,
        salesforce_user_id=salesforce_id(number),
        account=account,
        approach=Approach.MANUAL,
        **fields,
    )


def waiting_record(workflow: Workflow, number: int, **said: Any) -> None:
    """A record that was read, and what the workflow says of it, with its verdict and hold."""
    now = timezone.now()
    record = SalesforceRecord.objects.create(
        company=workflow.company,
        connection=workflow.connection,
        object_name=workflow.object_name,
        record_id=f"006{number:015d}",
        system_modstamp=now,
        requested_at=now,
    )
    Evaluation.objects.create(
        company=workflow.company,
        record=record,
        workflow=workflow,
        record_version=1,
        workflow_version=1,
        held_since=now,
        evaluated_at=now,
        **said,
    )


def imported(
    connection: Connection, people: Iterable[DirectoryUser], by: User, **options: Any
) -> SyncPlan:
    """A plan that was approved and applied."""
    return applied(planning.plan_import(connection, people, by=by, **options), by)


def approved(plan: SyncPlan, by: User) -> SyncPlan:
    approving.approve(plan, by=by)
    return plan


def applied(plan: SyncPlan, by: User) -> SyncPlan:
    applying.apply_plan(approved(plan, by).pk)
    plan.refresh_from_db()
    return plan


def actions(plan: SyncPlan) -> list[tuple[str, str]]:
    """What each row would do, and why, in their order."""
    return list(plan.changes.order_by("position").values_list("action", "reason"))


def outcomes(plan: SyncPlan) -> dict[str, str]:
    """The outcome of each row, by the person's name."""
    return dict(plan.changes.values_list("person_name", "outcome"))


def notes(plan: SyncPlan) -> dict[str, str]:
    return dict(plan.changes.values_list("person_name", "outcome_note"))


def _fields(connection: Connection, number: int, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "company": connection.company,
        "connection": connection,
        "salesforce_id": salesforce_id(number),
        "username": f"user{number}@example.com.org",
        "email": f"person{number}@example.com",
        "name": f"Person {number}",
        "user_type": "Standard",
        "license_name": "Salesforce",
        "is_active": True,
        "system_modstamp": NOON,
        "refreshed_at": NOON,
    } | fields
