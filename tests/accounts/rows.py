"""One row of every model that has an admin page, for any company."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from django.db import models
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, Company, Team, User
from activities.models import ActivityReport, ActivityType, Comment, Shortcuts
from integrations.models import (
    Connection,
    DirectoryUser,
    SalesforceRecord,
    SyncPlan,
    SyncRun,
    UserMapping,
    Workflow,
)
from integrations.models.mapping import Approach
from integrations.salesforce import ids

numbers = itertools.count(1)


def salesforce_id(prefix: str) -> str:
    return ids.to_18(f"{prefix}{next(numbers):012d}")


def connection(company: Company) -> Connection:
    return Connection.objects.create(
        company=company,
        name=f"Org of {company}",
        login_url="https://acme.my.salesforce.com",
        org_id=salesforce_id(ids.ORGANIZATION),
    )


def connection_of(company: Company) -> Connection:
    return Connection.objects.filter(company=company).first() or connection(company)


def user(company: Company) -> User:
    number = next(numbers)
    return User.objects.create_user(
        company=company, email=f"p{number}@example.com", name=f"Person {number} of {company}"
    )


def directory_user(company: Company) -> DirectoryUser:
    number = next(numbers)
    return DirectoryUser.objects.create(
        company=company,
        connection=connection_of(company),
        salesforce_id=salesforce_id(ids.USER),
        username=f"s{number}@example.com",
        email=f"s{number}@example.com",
        name=f"Sales {number} of {company}",
        is_active=True,
        system_modstamp=timezone.now(),
        refreshed_at=timezone.now(),
    )


def mapping(company: Company) -> UserMapping:
    return UserMapping.objects.create(
        company=company,
        connection=connection_of(company),
        salesforce_user_id=salesforce_id(ids.USER),
        account=user(company),
        approach=Approach.MANUAL,
    )


def plan(company: Company) -> SyncPlan:
    return SyncPlan.objects.create(
        company=company,
        connection=connection_of(company),
        kind=SyncPlan.Kind.IMPORT,
        approach=Approach.ON_DEMAND,
    )


def team(company: Company) -> Team:
    return Team.objects.create(company=company, name=f"Team {next(numbers)} of {company}")


def audit_entry(company: Company) -> AuditEntry:
    return audit.record("created", company, by=None)


def activity_type(company: Company) -> ActivityType:
    return ActivityType.objects.create(
        company=company, name=f"Type {next(numbers)} of {company}", sentence="closed a deal"
    )


def activity_report(company: Company) -> ActivityReport:
    return ActivityReport.objects.create(
        company=company,
        user=user(company),
        type=activity_type(company),
        value=1,
        title=f"Deal {next(numbers)} of {company}",
        occurred_on=timezone.now().date(),
        published_at=timezone.now(),
        source_key=f"by hand:{next(numbers)}",
    )


def comment(company: Company) -> Comment:
    return Comment.objects.create(
        company=company, report=activity_report(company), user=user(company), text="Well done"
    )


def workflow(company: Company) -> Workflow:
    return Workflow.objects.create(
        company=company,
        connection=connection_of(company),
        name=f"Workflow {next(numbers)} of {company}",
        object_name="Opportunity",
        activity_type=activity_type(company),
        date_field="CloseDate",
    )


def record(company: Company) -> SalesforceRecord:
    return SalesforceRecord.objects.create(
        company=company,
        connection=connection_of(company),
        object_name="Opportunity",
        record_id=salesforce_id(ids.OPPORTUNITY),
        fields={"Name": f"Deal {next(numbers)} of {company}"},
        system_modstamp=timezone.now(),
        requested_at=timezone.now(),
    )


def run(company: Company) -> SyncRun:
    return SyncRun.objects.create(
        company=company,
        connection=connection_of(company),
        kind=SyncRun.Kind.POLL,
        object_name=f"Object{next(numbers)}",
        state=SyncRun.State.DONE,
    )


def shortcuts(company: Company) -> Shortcuts:
    return Shortcuts.objects.get_or_create(company=company)[0]


MAKERS: dict[type[models.Model], Callable[[Company], models.Model]] = {
    ActivityReport: activity_report,
    ActivityType: activity_type,
    AuditEntry: audit_entry,
    Comment: comment,
    Company: lambda company: company,
    Connection: connection_of,
    DirectoryUser: directory_user,
    SalesforceRecord: record,
    Shortcuts: shortcuts,
    SyncPlan: plan,
    SyncRun: run,
    Team: team,
    User: user,
    UserMapping: mapping,
    Workflow: workflow,
}
