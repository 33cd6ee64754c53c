"""Records that wait for an account, and whose reports stay with whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts.models import User
from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import (
    Connection,
    DirectoryUser,
    Evaluation,
    HeldChange,
    SyncPlan,
    UserMapping,
)
from integrations.record_sync import taking_up
from integrations.user_sync import manual

from .world import (
    account,
    deal,
    evaluate,
    map_to,
    poll,
    refresh_users,
    rep,
    reports,
    switched_on,
    verdict,
    written,
)

Says, Hold = Evaluation.Verdict, Evaluation.Hold


def test_a_record_without_an_account_is_held_and_released_in_its_place(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    won = deal(org, ann, CloseDate=date(2026, 3, 5))
    refresh_users(connection)
    switched_on(connection)
    held = verdict(won)
    assert (held.verdict, held.hold, held.salesforce_user_id) == (
        Says.HELD,
        Hold.NOT_MAPPED,
        ann["Id"],
    )
    assert held.reason == "Ann has no account yet."
    account(connection, ann)
    evaluate(connection)
    assert reports() == {won["Id"]: ("Ann", Decimal(1000))}
    assert ActivityReport.objects.get().published_at == datetime(2026, 3, 5, 18, tzinfo=UTC)


@pytest.mark.parametrize("state", [User.State.PENDING, User.State.DEACTIVATED])
def test_a_record_waits_for_its_owners_account(
    connection: Connection, org: DemoOrg, state: User.State
) -> None:
    ann = rep(org, "Ann")
    user = account(connection, ann, state=state)
    won = deal(org, ann)
    switched_on(connection)
    assert (verdict(won).verdict, verdict(won).hold) == (Says.HELD, state)
    User.objects.filter(pk=user.pk).update(state=User.State.ACTIVE)
    evaluate(connection)
    assert won["Id"] in reports()


def test_a_leaver_keeps_the_reports_there_are(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    user = account(connection, ann)
    won = deal(org, ann)
    switched_on(connection)
    User.objects.filter(pk=user.pk).update(state=User.State.DEACTIVATED)
    org.update("Opportunity", won["Id"], Amount=7.0)
    poll(connection)
    evaluate(connection)
    assert reports() == {won["Id"]: ("Ann", Decimal(7))}


def test_a_deal_given_to_somebody_without_an_account_stays_until_there_is_one(
    connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    won = deal(org, ann)
    switched_on(connection)
    org.update("Opportunity", won["Id"], OwnerId=bob["Id"])
    poll(connection)
    assert reports() == {won["Id"]: ("Ann", Decimal(1000))}
    assert "Stays with the former owner" in verdict(won).reason
    account(connection, bob)
    evaluate(connection)
    assert reports() == {won["Id"]: ("Bob", Decimal(1000))}


def test_nobody_is_asked_about_ignored_owners_queues_and_machines(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    machine = org.store.get("User", org.integration_user_id)
    assert machine is not None
    by_ann, by_machine = deal(org, ann), deal(org, machine)
    refresh_users(connection)
    DirectoryUser.objects.filter(salesforce_id=ann["Id"]).update(ignored_at=timezone.now())
    switched_on(connection)
    assert (verdict(by_ann).verdict, verdict(by_ann).reason) == (
        Says.NOT_COUNTED,
        "Ann is ignored.",
    )
    assert verdict(by_machine).hold == Hold.NOT_A_PERSON
    DirectoryUser.objects.update(ignored_at=None)
    evaluate(connection)
    assert verdict(by_ann).verdict == Says.HELD


def test_a_held_record_expires_after_the_days_set_and_is_counted(
    connection: Connection, org: DemoOrg, settings: Settings
) -> None:
    won = deal(org, rep(org, "Ann"))
    switched_on(connection)
    settings.HELD_RECORD_DAYS = 30
    long_ago = timezone.now() - timedelta(days=30)
    Evaluation.objects.update(held_since=long_ago, due_at=timezone.now())
    evaluate(connection)
    assert (verdict(won).verdict, verdict(won).hold) == (Says.NOT_COUNTED, Hold.EXPIRED)
    assert "30 days" in verdict(won).reason


def test_moving_a_mapping_moves_no_history(connection: Connection, org: DemoOrg) -> None:
    """Ann came back as a new Salesforce user: what the old one did stays hers."""
    ann, again = rep(org, "Ann"), rep(org, "Ann-Again")
    user = account(connection, ann)
    before = deal(org, ann)
    switched_on(connection)
    UserMapping.objects.update(is_current=False)
    map_to(connection, again, user)
    after = deal(org, again)
    org.update("Opportunity", before["Id"], Amount=3.0)
    poll(connection)
    assert reports() == {
        before["Id"]: ("Ann", Decimal(3)),
        after["Id"]: ("Ann", Decimal(1000)),
    }


def unlink(connection: Connection, person: Row) -> None:
    """As an admin does it, with the worker's part."""
    boss = User.objects.create_user(
        company=connection.company, email="boss@example.com", role=User.Role.ADMIN
    )
    plan = manual.unlink(connection, salesforce_id=person["Id"], reason="Two Anns", by=boss)
    assert plan.state == SyncPlan.State.DONE


def test_unlinking_somebody_holds_their_reports_again(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    user = account(connection, ann)
    won = deal(org, ann)
    refresh_users(connection)
    switched_on(connection)
    unlink(connection, ann)
    evaluate(connection)
    assert reports() == {}
    assert (verdict(won).verdict, verdict(won).hold) == (Says.HELD, Hold.NOT_MAPPED)
    before = written()
    evaluate(connection)
    assert written() == before
    map_to(connection, ann, user)
    evaluate(connection)
    assert won["Id"] in reports()


def test_unlinking_very_many_reports_was_shown_before_and_is_not_braked(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    for _ in range(25):
        deal(org, ann)
    refresh_users(connection)
    switched_on(connection)
    unlink(connection, ann)
    evaluate(connection)
    assert reports() == {}
    assert not HeldChange.objects.exists()


def test_unlinking_the_new_owner_takes_nothing_from_the_former_one(
    connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    user = account(connection, bob, state=User.State.PENDING)
    won = deal(org, ann)
    refresh_users(connection)
    switched_on(connection)
    org.update("Opportunity", won["Id"], OwnerId=bob["Id"])
    poll(connection)
    unlink(connection, bob)
    user.delete()
    evaluate(connection)
    assert reports() == {won["Id"]: ("Ann", Decimal(1000))}


def test_a_deal_that_comes_back_to_somebody_unlinked_is_held_too(
    connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    won = deal(org, ann)
    refresh_users(connection)
    switched_on(connection)
    org.update("Opportunity", won["Id"], OwnerId=bob["Id"])
    poll(connection)
    unlink(connection, ann)
    evaluate(connection)
    assert won["Id"] in reports(), "it is Bob's now, and stays until he has an account"
    org.update("Opportunity", won["Id"], OwnerId=ann["Id"])
    poll(connection)
    assert reports() == {}


def test_while_a_connection_is_paused_what_is_due_here_is_done_all_the_same(
    connection: Connection, org: DemoOrg
) -> None:
    switched_on(connection, since=None)
    OrmQ.objects.all().delete()
    Connection.objects.update(
        state=Connection.State.PAUSED, polled_at=timezone.now() - timedelta(minutes=2)
    )
    taking_up.take_up_work()
    assert OrmQ.objects.count() == 1
    asked = org.api_calls
    poll(connection)
    assert org.api_calls == asked
