"""The company of the CSV files, all the way from an org on a socket to the leaderboard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
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
from .hearing import hears, listened_to, polls, wait_for
from .world import LONG_AGO, backfilled, poll, refresh_users, switched_on, written

#: A published CRM export, where a folder beside the checkout has one.
DATA = next(Path(__file__).parents[4].glob("*/data/crm"), None)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(DATA is None, reason="There is no data/crm beside the checkout."),
]


@pytest.fixture
def org() -> Iterator[DemoOrg]:
    assert DATA is not None
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


def by_person() -> dict[str, Decimal]:
    """What each one has won, the best first."""
    live = ActivityReport.objects.filter(retracted_at=None)
    best_first = live.values("user__name").annotate(total=Sum("value")).order_by("-total")
    return dict(best_first.values_list("user__name", "total"))


@pytest.mark.django_db(transaction=True)
def test_every_won_deal_counts_once_for_who_won_it(connection: Connection, org: DemoOrg) -> None:
    workflow = switched_on(connection)
    assert totals() == (4_238, Decimal(10_005_534), 30)
    before_changes = by_person()
    assert next(iter(before_changes.items())) == ("Darcel Schlecht", Decimal(1_153_214))

    before = written()
    backfilled(request_backfill(connection, workflow.object_name, LONG_AGO, by=None))
    assert written() == before, "a second full sync wrote something"

    moved_by = _three_deals_change(org)
    poll(connection)
    assert totals() == (4_236, Decimal(10_005_534) + sum(moved_by.values()), 30)
    assert by_person() == moved(before_changes, moved_by)
    assert SalesforceRecord.objects.count() == len(org.store.rows("Opportunity"))

    before = written()
    poll(connection)
    assert written() == before, "a second poll wrote something"

    before_changes = by_person()
    with listened_to(connection):
        hears(org, connection, next(row for row in org.store.rows("User") if row["IsActive"]))
        before_polls = polls(connection)
        moved_by = _three_deals_change(org)
        wait_for(lambda: totals()[0] == 4_234 and by_person() == moved(before_changes, moved_by))
        assert polls(connection) == before_polls, "it was the stream alone"


def moved(totals: Mapping[str, Decimal], by: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: total + by.get(name, 0) for name, total in totals.items()}


def _three_deals_change(org: DemoOrg) -> dict[str, Decimal]:
    """One is deleted, one reopened, one given to another; by how much that moves whose total."""
    rows = org.store.rows("Opportunity")
    won = [row for row in rows if row["IsWon"] and row["Amount"] and not row["IsDeleted"]]
    deleted, reopened, given = won[:3]
    other = next(row["OwnerId"] for row in won if row["OwnerId"] != given["OwnerId"])
    moved_by: dict[str, Decimal] = defaultdict(Decimal)
    for deal, owner, sign in (
        (deleted, deleted["OwnerId"], -1),
        (reopened, reopened["OwnerId"], -1),
        (given, given["OwnerId"], -1),
        (given, other, 1),
    ):
        moved_by[_name(org, owner)] += sign * Decimal(str(deal["Amount"]))
    org.update("Opportunity", deleted["Id"], IsDeleted=True)
    org.update("Opportunity", reopened["Id"], StageName="Negotiation/Review")
    org.update("Opportunity", given["Id"], OwnerId=other)
    return moved_by


def _name(org: DemoOrg, user_id: str) -> str:
    user = org.store.get("User", user_id)
    assert user is not None
    return str(user["Name"])
