"""One wrong mass update in Salesforce changes nothing before a person has looked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import Connection, Evaluation, HeldChange, SyncRun
from integrations.record_sync import brakes, due, workflows
from integrations.record_sync.evaluating import Evaluated
from integrations.record_sync.previewing import preview_held_change
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock

from .world import account, backfilled, deal, evaluate, poll, rep, reports, switched_on

Decision = HeldChange.Decision


@pytest.fixture
def deals(connection: Connection, org: DemoOrg) -> list[Row]:
    """Thirty reported deals of Ann's."""
    ann = rep(org, "Ann")
    account(connection, ann)
    made = [deal(org, ann) for _ in range(30)]
    switched_on(connection)
    assert len(reports()) == 30
    return made


def owners() -> dict[str, int]:
    found: dict[str, int] = {}
    for name, _ in reports().values():
        found[name] = found.get(name, 0) + 1
    return found


def give_to(org: DemoOrg, deals: list[Row], person: Row) -> None:
    for one in deals:
        org.update("Opportunity", one["Id"], OwnerId=person["Id"])


def test_a_few_changes_go_through(connection: Connection, org: DemoOrg, deals: list[Row]) -> None:
    for one in deals[:20]:
        org.update("Opportunity", one["Id"], IsDeleted=True)
    poll(connection)
    assert len(reports()) == 10
    assert not HeldChange.objects.exists()


def test_a_mass_deletion_waits_and_can_be_let_through(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    for one in deals[:21]:
        org.update("Opportunity", one["Id"], IsDeleted=True)
    poll(connection)
    assert len(reports()) == 30
    change = HeldChange.objects.get()
    assert (change.kind, preview_held_change(change)) == (HeldChange.Kind.TAKE_BACK, 21)
    brakes.decide(change, Decision.CHANGE, by=None)
    evaluate(connection)
    change.refresh_from_db()
    assert len(reports()) == 9
    assert change.finished_at is not None
    assert preview_held_change(change) == 0


def test_a_mass_move_can_be_refused_for_good(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    bob = rep(org, "Bob")
    account(connection, bob)
    give_to(org, deals, bob)
    poll(connection)
    assert owners() == {"Ann": 30}
    brakes.decide(HeldChange.objects.get(), Decision.KEEP, by=None)
    evaluate(connection)
    org.update("Opportunity", deals[0]["Id"], Amount=7.0)
    poll(connection)
    assert owners() == {"Ann": 30}
    assert reports()[deals[0]["Id"]][1] == 7
    assert not HeldChange.objects.filter(finished_at=None).exists()


def test_what_came_in_pieces_is_counted_together(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    bob = rep(org, "Bob")
    account(connection, bob)
    for start in range(0, 30, 10):
        give_to(org, deals[start : start + 10], bob)
        poll(connection)
    assert owners() == {"Ann": 10, "Bob": 20}
    assert HeldChange.objects.get().kind == HeldChange.Kind.MOVE


def test_a_decision_is_made_once(connection: Connection, org: DemoOrg, deals: list[Row]) -> None:
    for one in deals:
        org.update("Opportunity", one["Id"], StageName="Prospecting")
    poll(connection)
    change = HeldChange.objects.get()
    brakes.decide(change, Decision.KEEP, by=None)
    with pytest.raises(brakes.AlreadyDecided):
        brakes.decide(change, Decision.CHANGE, by=None)


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_the_same_moment_the_first_counts(connection: Connection) -> None:
    change = HeldChange.objects.create(
        company=connection.company,
        connection=connection,
        object_name="Opportunity",
        kind=HeldChange.Kind.MOVE,
    )
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            brakes.decide(change, Decision.KEEP, by=None)
            second = in_own_connection(
                pool, partial(brakes.decide, change, Decision.CHANGE, by=None)
            )
            wait_until_somebody_waits_for_a_lock()
        with pytest.raises(brakes.AlreadyDecided):
            second.result(10)
    change.refresh_from_db()
    assert change.decision == Decision.KEEP


def test_what_waits_and_becomes_right_again_waits_no_more(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    for stage in ("Prospecting", "Closed Won"):
        for one in deals:
            org.update("Opportunity", one["Id"], StageName=stage)
        poll(connection)
    evaluate(connection)
    assert not Evaluation.objects.filter(verdict=Evaluation.Verdict.WAITING).exists()
    assert not HeldChange.objects.filter(finished_at=None).exists()
    assert len(reports()) == 30


def test_a_changed_workflow_was_shown_before_and_is_not_held(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    workflow = Evaluation.objects.all()[0].workflow
    workflows.change(workflow, [workflows.Condition("Amount", "greater", 5000)], by=None)
    evaluate(connection)
    assert reports() == {}
    assert not HeldChange.objects.exists()


def test_what_could_not_be_shown_before_waits_for_a_decision_once_its_field_is_read(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    workflow = Evaluation.objects.all()[0].workflow
    workflows.change(workflow, [workflows.Condition("LeadSource", "equals", "Web")], by=None)
    evaluate(connection)
    backfilled(SyncRun.objects.get(state=SyncRun.State.QUEUED))
    assert len(reports()) == 30
    assert preview_held_change(HeldChange.objects.get()) == 30


def test_who_kept_a_report_with_its_owner_did_not_say_that_it_outlives_the_deal(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    bob = rep(org, "Bob")
    account(connection, bob)
    give_to(org, deals, bob)
    poll(connection)
    brakes.decide(HeldChange.objects.get(), Decision.KEEP, by=None)
    evaluate(connection)
    org.update("Opportunity", deals[0]["Id"], IsDeleted=True)
    org.update("Opportunity", deals[1]["Id"], StageName="Prospecting")
    poll(connection)
    assert owners() == {"Ann": 28}


def test_what_comes_to_wait_after_the_decision_waits_for_another_one(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    for one in deals[:21]:
        org.update("Opportunity", one["Id"], IsDeleted=True)
    poll(connection)
    first = HeldChange.objects.get()
    brakes.decide(first, Decision.KEEP, by=None)
    evaluated = due.carry_out_decisions
    with pytest.MonkeyPatch.context() as patch:  # the page comes before it is carried out
        patch.setattr(due, "carry_out_decisions", lambda connection: Evaluated())
        for one in deals[21:]:
            org.update("Opportunity", one["Id"], IsDeleted=True)
        HeldChange.objects.update(decided_at=timezone.now())
        Evaluation.objects.filter(report_changed_at=None).update(report_changed_at=timezone.now())
        poll(connection)
    assert evaluated(connection).judged == 21
    first.refresh_from_db()
    second = HeldChange.objects.get(finished_at=None)
    assert first.finished_at is not None
    assert second.decided_at is None
    assert preview_held_change(second) == 9


def test_nobody_is_asked_about_the_reports_of_a_workflow_that_was_switched_off(
    connection: Connection, org: DemoOrg, deals: list[Row]
) -> None:
    for one in deals[:21]:
        org.update("Opportunity", one["Id"], IsDeleted=True)
    poll(connection)
    change = HeldChange.objects.get()
    workflow = Evaluation.objects.all()[0].workflow
    workflows.switch_off(workflow, take_back=False, by=None)
    assert preview_held_change(change) == 0
    evaluate(connection)
    change.refresh_from_db()
    assert change.finished_at is not None
    assert len(reports()) == 30
