"""Two admins at the same held plan: it is decided by the ticks of one of them alone."""

from __future__ import annotations

import threading

import pytest
from django.db import connection as database
from django.test import Client

from accounts.models import User
from integrations.models import Approach, Connection, PlannedChange, SyncPlan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import people

from .browsing import button
from .conftest import logged_in

REFUSED = PlannedChange.Action.IGNORE


@pytest.fixture
def plan(connection: Connection) -> SyncPlan:
    made = plan_import(
        connection, people(connection, range(1, 9)), by=None, approach=Approach.AUTOMATIC
    )
    made.state, made.held_reason = SyncPlan.State.HELD, "At most 5 a day."
    made.save(update_fields=["state", "held_reason"])
    return made


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_the_ticks_of_the_first_decide(
    client: Client, admin: User, second_admin: User, plan: SyncPlan
) -> None:
    rows = list(plan.changes.values_list("pk", flat=True))
    start = threading.Barrier(2)

    def press(browser: Client, ticked: list[int]) -> None:
        try:
            start.wait(10)
            browser.post(button(plan, "approve"), {"listed": rows, "row": ticked})
        finally:
            database.close()

    threads = [
        threading.Thread(target=press, args=(client, rows)),
        threading.Thread(target=press, args=(logged_in(second_admin), [])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    plan.refresh_from_db()
    refused = plan.changes.filter(action=REFUSED).count()
    assert (plan.approved_by, refused) in ((admin, 0), (second_admin, len(rows)))


def test_rows_of_another_page_are_refused_only_by_who_unticked_them(
    client: Client, admin: User, second_admin: User, plan: SyncPlan
) -> None:
    mine, theirs, *listed = plan.changes.order_by("position")
    client.post(button(plan, "tick"), {"row": mine.pk, "included": "0"})
    logged_in(second_admin).post(button(plan, "tick"), {"row": theirs.pk, "included": "0"})
    ids = [row.pk for row in listed]
    client.post(button(plan, "approve"), {"listed": ids, "row": ids})
    plan.refresh_from_db()
    assert plan.approved_by == admin
    assert list(plan.changes.filter(action=REFUSED)) == [mine]
    theirs.refresh_from_db()
    assert not theirs.included
