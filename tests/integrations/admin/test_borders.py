"""Another company's ids at every address of these pages, and whoever may not come in."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from integrations.models import Connection, PlannedChange, SyncPlan, SyncRun
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import person

from .browsing import LIST, button, page_of
from .conftest import logged_in

BUTTONS = ("approve", "discard", "stop", "continue", "again", "revert", "invite", "tick")


@pytest.fixture
def foreign(other_connection: Connection, other_admin: User) -> SyncPlan:
    return plan_import(other_connection, [person(other_connection, 1)], by=other_admin)


def _addresses(plan: SyncPlan) -> list[tuple[str, str]]:
    row, connection = plan.changes.get(), plan.connection_id
    someone = plan.connection.directory.get()
    return [
        ("GET", page_of(plan)),
        ("GET", button(plan, "progress")),
        *(("POST", button(plan, name)) for name in BUTTONS),
        ("POST", button(plan, "resolve", row.pk)),
        ("GET", f"{LIST}?connection={connection}"),
        ("GET", f"{LIST}{someone.pk}/change/"),
        ("POST", f"{LIST}?connection={connection}"),
        ("POST", f"{LIST}{connection}/refresh/"),
        ("POST", f"{LIST}{connection}/refresh/accept/"),
        ("GET", f"{LIST}{connection}/refresh/progress/"),
    ]


def _statuses(client: Client, plan: SyncPlan) -> dict[str, int]:
    return {
        f"{method} {address}": client.generic(method, address).status_code
        for method, address in _addresses(plan)
    }


@pytest.mark.usefixtures("connection")
def test_another_companys_ids_are_not_found_and_nothing_changes(
    client: Client, foreign: SyncPlan
) -> None:
    assert set(_statuses(client, foreign).values()) == {404}
    foreign.refresh_from_db()
    assert foreign.state == SyncPlan.State.DRAFT
    assert SyncPlan.objects.count() == 1
    assert not SyncRun.objects.exists()


@pytest.mark.usefixtures("connection")
def test_an_own_plan_does_not_open_a_foreign_row(
    client: Client, connection: Connection, admin: User, foreign: SyncPlan
) -> None:
    own = plan_import(connection, [person(connection, 9)], by=admin)
    row = foreign.changes.get()
    answer = client.post(button(own, "resolve", row.pk), {"answer": "ignore"})
    assert answer.status_code == 404
    assert client.post(button(own, "tick"), {"row": row.pk}).status_code == 404
    client.post(button(own, "approve"), {"listed": [row.pk]})
    row.refresh_from_db()
    assert row.included
    assert row.action == PlannedChange.Action.CREATE


def test_a_member_comes_in_nowhere(company: Company, foreign: SyncPlan) -> None:
    member = User.objects.create_user(
        company=foreign.company, email="mia@example.com", name="Mia Member"
    )
    assert set(_statuses(logged_in(member), foreign).values()) <= {302, 403}
    foreign.refresh_from_db()
    assert foreign.state == SyncPlan.State.DRAFT
    assert not SyncRun.objects.exists()


def test_a_stranger_is_sent_to_the_log_in(foreign: SyncPlan) -> None:
    assert set(_statuses(Client(), foreign).values()) == {302}
    foreign.refresh_from_db()
    assert foreign.state == SyncPlan.State.DRAFT


def test_support_staff_open_every_companys_pages(foreign: SyncPlan, support: User) -> None:
    browser = logged_in(support)
    assert browser.get(page_of(foreign)).status_code == 200
    browser.post(button(foreign, "approve"))
    foreign.refresh_from_db()
    assert (foreign.state, foreign.approved_by) == (SyncPlan.State.QUEUED, support)


@pytest.mark.parametrize("nonsense", ["x", "-1", "0", "9" * 30, "1/../2", "²"])
def test_a_made_up_connection_or_plan_is_not_found(
    client: Client, connection: Connection, nonsense: str
) -> None:
    assert client.get(LIST, {"connection": nonsense}).status_code == 404
    address = f"/admin/integrations/syncplan/{nonsense}/change/"
    assert client.get(address).status_code == 404


def test_the_list_offers_no_import_to_whoever_may_not(
    company: Company, connection: Connection
) -> None:
    person(connection, 1)
    member = User.objects.create_user(company=company, email="m@example.com", name="M")
    answer = logged_in(member).post(
        LIST, {"action": "import_users", "_selected_action": ["1"], "index": "0"}
    )
    assert answer.status_code in (302, 403)
    assert not SyncPlan.objects.exists()
