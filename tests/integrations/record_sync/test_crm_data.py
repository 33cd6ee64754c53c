"""The company of the CSV files, all the way from an org on a socket to the leaderboard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Count, Sum

from accounts.models import Company, User
from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Connection, DirectoryUser, SalesforceRecord
from integrations.record_sync.backfilling import request_backfill
from integrations.user_sync import applying, approving, planning

from .conftest import connected
from .world import LONG_AGO, backfilled, poll, refresh_users, reports, switched_on, written

DATA = Path(os.environ.get("CRM_DATA", "no data"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="CRM_DATA names no folder")


@pytest.fixture
def org() -> Iterator[DemoOrg]:
    org = DemoOrg.from_csv(DATA, keep_dates=True)
    with run_in_thread(org):
        yield org


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    connection = connected(company, org)
    refresh_users(connection)
    admin = User.objects.create_user(
        company=company, email="dana@example.com", name="Dana", role=User.Role.ADMIN
    )
    people = list(DirectoryUser.objects.filter(is_active=True))
    plan = planning.plan_import(connection, people, by=admin)
    approving.approve(plan, by=admin)
    applying.apply_plan(plan.pk)
    return connection


def totals() -> tuple[int, Decimal, int]:
    live = ActivityReport.objects.filter(retracted_at=None)
    found = live.aggregate(
        reports=Count("pk"), total=Sum("value"), people=Count("user", distinct=True)
    )
    return found["reports"], found["total"], found["people"]


def first() -> tuple[str, Decimal]:
    live = ActivityReport.objects.filter(retracted_at=None)
    best = live.values("user__name").annotate(total=Sum("value")).order_by("-total")[0]
    return best["user__name"], best["total"]


@pytest.mark.django_db(transaction=True)
def test_every_won_deal_counts_once_for_who_won_it(connection: Connection, org: DemoOrg) -> None:
    workflow = switched_on(connection)
    assert totals() == (4_238, Decimal(10_005_534), 30)
    assert first() == ("Darcel Schlecht", Decimal(1_153_214))

    before = written()
    backfilled(request_backfill(connection, workflow.object_name, LONG_AGO, by=None))
    assert written() == before, "a second full sync wrote something"

    _three_deals_change(org)
    poll(connection)
    assert totals()[0] == 4_236
    moved = org.store.rows("Opportunity")
    assert SalesforceRecord.objects.count() == len(moved)


def _three_deals_change(org: DemoOrg) -> None:
    won = [row for row in org.store.rows("Opportunity") if row["IsWon"]]
    org.update("Opportunity", won[0]["Id"], IsDeleted=True)
    org.update("Opportunity", won[1]["Id"], StageName="Negotiation/Review")
    other = next(row for row in won if row["OwnerId"] != won[2]["OwnerId"])
    org.update("Opportunity", won[2]["Id"], OwnerId=other["OwnerId"])
    assert reports()
