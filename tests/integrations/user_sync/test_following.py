"""What follows by itself: the hourly refresh, and what a refresh brings about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from integrations.models import AttributeRule, Connection, SyncPlan, SyncRun
from integrations.user_sync import applying
from integrations.user_sync.following import every_minute, follow_refresh, refresh_what_is_old

from .builders import account, mapped, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def read_long_ago(connection: Connection) -> Connection:
    connection.directory_refreshed_at = timezone.now() - timedelta(minutes=61)
    connection.save()
    return connection


def run_of(connection: Connection, minutes_ago: int, **fields: object) -> SyncRun:
    run = SyncRun.objects.create(
        company=connection.company, connection=connection, kind=SyncRun.Kind.DIRECTORY, **fields
    )
    SyncRun.objects.filter(pk=run.pk).update(
        created_at=timezone.now() - timedelta(minutes=minutes_ago)
    )
    return run


def test_a_list_that_is_an_hour_old_is_read_again_once(read_long_ago: Connection) -> None:
    every_minute()
    every_minute()
    run = SyncRun.objects.get()
    assert (run.connection, run.state, run.requested_by) == (
        read_long_ago,
        SyncRun.State.QUEUED,
        None,
    )
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "minutes"),
    [
        (Connection.State.CONNECTED, 59),
        (Connection.State.PAUSED, 61),
        (Connection.State.RECONNECT_REQUIRED, 61),
        (Connection.State.TERMINATED, 61),
    ],
)
def test_not_where_it_is_fresh_or_nobody_lets_us_in(
    connection: Connection, state: str, minutes: int
) -> None:
    refreshed_at = timezone.now() - timedelta(minutes=minutes)
    Connection.objects.update(state=state, directory_refreshed_at=refreshed_at)
    refresh_what_is_old()
    assert not SyncRun.objects.exists()


def test_a_list_that_nobody_asked_for_yet_is_not_read_by_itself(connection: Connection) -> None:
    refresh_what_is_old()
    assert not SyncRun.objects.exists()


def test_a_failed_refresh_is_not_hurried(read_long_ago: Connection) -> None:
    run_of(read_long_ago, 30, state=SyncRun.State.FAILED)
    refresh_what_is_old()
    assert SyncRun.objects.count() == 1
    SyncRun.objects.update(
        created_at=timezone.now() - timedelta(minutes=90),
        retry_at=timezone.now() + timedelta(minutes=5),
    )
    refresh_what_is_old()
    assert SyncRun.objects.count() == 1, "its own next try comes first"
    SyncRun.objects.update(retry_at=None)
    refresh_what_is_old()
    assert SyncRun.objects.count() == 2


def test_after_a_refresh_the_accounts_follow_salesforce(connection: Connection) -> None:
    AttributeRule.objects.filter(connection=connection, attribute="title").update(
        policy=AttributeRule.Policy.SALESFORCE
    )
    person(connection, 1, title="Head of Sales")
    ann = account(connection.company, "ann@example.com", title="Rep")
    mapped(connection, 1, ann)
    failed = run_of(connection, 1, state=SyncRun.State.FAILED)
    follow_refresh(failed.pk)
    assert not SyncPlan.objects.exists()
    done = run_of(connection, 1, state=SyncRun.State.DONE)
    follow_refresh(done.pk)
    follow_refresh(done.pk)
    plan = SyncPlan.objects.get()
    applying.apply_plan(plan.pk)
    assert User.objects.get(pk=ann.pk).title == "Head of Sales"
