"""People who leave Salesforce, and come back, for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync import applying, deprovisioning
from integrations.user_sync.directory_writing import note_leavers

from .builders import account, mapped, person, salesforce_id


def colleagues(connection: Connection, numbers: Sequence[int], **fields: object) -> list[User]:
    made = []
    for number in numbers:
        somebody = person(connection, number)
        made.append(account(connection.company, somebody.email, **fields))
        mapped(connection, number, made[-1])
    return made


def leave(connection: Connection, *numbers: int, days: int = 4) -> None:
    gone = DirectoryUser.objects.filter(salesforce_id__in=[salesforce_id(n) for n in numbers])
    gone.update(is_active=False)
    note_leavers(connection, days_ago(days))


def come_back(connection: Connection, *numbers: int) -> None:
    ids = [salesforce_id(n) for n in numbers]
    DirectoryUser.objects.filter(salesforce_id__in=ids).update(is_active=True)
    note_leavers(connection, timezone.now())


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def run(connection: Connection) -> SyncPlan | None:
    plan = deprovisioning.plan_by_policy(connection)
    if plan is not None:
        applying.apply_plan(plan.pk)
        plan.refresh_from_db()
    return plan
