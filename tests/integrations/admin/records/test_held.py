"""Records that wait for people, and mass changes that wait for a decision."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, HeldChange, SyncPlan
from integrations.record_sync import due
from integrations.user_sync import work
from tests.integrations.admin.browsing import page
from tests.integrations.record_sync.world import (
    account,
    deal,
    poll,
    refresh_users,
    rep,
    reports,
    switched_on,
)


@pytest.fixture
def many(connection: Connection, org: DemoOrg) -> HeldChange:
    """One mass reassignment, held by the brakes."""
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    account(connection, bob)
    deals = [deal(org, ann, Name=f"Deal {n}") for n in range(25)]
    refresh_users(connection)
    switched_on(connection)
    for one in deals:
        org.update("Opportunity", one["Id"], OwnerId=bob["Id"])
    poll(connection)
    return HeldChange.objects.get()


def test_a_report_that_stays_with_whose_it_was_is_no_record_that_waits(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    won = deal(org, ann)
    refresh_users(connection)
    switched_on(connection)
    org.update("Opportunity", won["Id"], OwnerId=bob["Id"])
    poll(connection)
    assert won["Id"] in reports()
    listed = client.get("/admin/integrations/directoryuser/", {"account": "waiting"})
    assert listed.context["cl"].result_count == 0
    assert client.get(page("held_records", connection)).context["people"] == []
    assert not work.held_people(connection).exists()


def test_held_records_are_grouped_by_person_and_their_people_imported(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    deal(org, ann)
    deal(org, ann)
    deal(org, bob)
    refresh_users(connection)
    switched_on(connection)
    shown = client.get(page("held_records", connection))
    assert [(one.salesforce_id, one.records) for one in shown.context["people"]] == [
        (ann["Id"], 2),
        (bob["Id"], 1),
    ]
    home = client.get("/admin/", {"connection": connection.pk})
    assert "records of 2 people" in home.text
    assert page("held_records", connection) in home.text
    client.post(page("held_records", connection), {"person": [ann["Id"]]})
    plan = SyncPlan.objects.get()
    assert [row.salesforce_user_id for row in plan.changes.all()] == [ann["Id"]]
    client.post(page("held_records", connection), {})
    assert SyncPlan.objects.count() == 1


def test_each_person_whose_records_wait_is_shown_with_the_true_reason_and_unticked(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    new, unmapped, left, frozen = (rep(org, name) for name in ("New", "Unmapped", "Left", "Frozen"))
    User.objects.create_user(
        company=connection.company,
        email=unmapped["Email"],
        name="Una",
        last_login=timezone.now(),
    )
    for owner in (new, unmapped, left, frozen):
        deal(org, owner)
    org.update("User", left["Id"], IsActive=False)
    org.insert("UserLogin", UserId=frozen["Id"], IsFrozen=True)
    refresh_users(connection)
    switched_on(connection)
    shown = client.get(page("held_records", connection))
    assert {
        one.salesforce_id: (one.why, one.may_be_imported) for one in shown.context["people"]
    } == {
        new["Id"]: ("No account yet", True),
        unmapped["Id"]: ("Not mapped: somebody has to decide", True),
        left["Id"]: ("Left Salesforce", False),
        frozen["Id"]: ("Frozen in Salesforce", False),
    }
    assert "has already logged in: the same person?" in shown.text
    assert " checked" not in shown.text


@pytest.mark.parametrize(("decision", "owner"), [("change", "Bob"), ("keep", "Ann")])
def test_a_held_mass_change_is_decided_once_by_a_person(
    client: Client, connection: Connection, many: HeldChange, decision: str, owner: str
) -> None:
    home = client.get("/admin/", {"connection": connection.pk}).text
    assert "reports would change hands" in home
    shown = client.get(page("held_changes", connection)).text
    assert "25 Opportunity reports would change hands" in shown
    assert "Keep with former owner" in shown
    address = page("held_change_answer", connection, many.pk)
    client.post(address, {"decision": "nonsense"})
    many.refresh_from_db()
    assert many.decided_at is None
    client.post(address, {"decision": decision})
    again = client.post(address, {"decision": "keep"}, follow=True)
    assert "already decided" in again.text
    due.evaluate_due(connection)
    assert {name for name, _ in reports().values()} == {owner}


def test_another_companys_records_are_not_found(
    client: Client, other_connection: Connection
) -> None:
    change = HeldChange.objects.create(
        company=other_connection.company,
        connection=other_connection,
        object_name="Opportunity",
        kind=HeldChange.Kind.MOVE,
    )
    for name in ("held_records", "held_changes", "where_is_my_deal"):
        assert client.get(page(name, other_connection)).status_code == 404
        assert client.post(page(name, other_connection)).status_code == 404
    address = page("held_change_answer", other_connection, change.pk)
    assert client.post(address, {"decision": "change"}).status_code == 404
    change.refresh_from_db()
    assert change.decided_at is None


def test_an_own_connection_does_not_open_a_foreign_change(
    client: Client, connection: Connection, other_connection: Connection
) -> None:
    change = HeldChange.objects.create(
        company=other_connection.company,
        connection=other_connection,
        object_name="Opportunity",
        kind=HeldChange.Kind.MOVE,
    )
    address = page("held_change_answer", connection, change.pk)
    assert client.post(address, {"decision": "change"}).status_code == 404
