"""Undoing that people were mapped to accounts there were: what is restored, and what stays."""

from __future__ import annotations

from accounts import audit
from accounts.models import Company, Team, User
from activities.models import ActivityType
from integrations.models import Connection, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync import manual
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import is_reverted, plan_revert
from integrations.user_sync.reviewing import Resolution, resolve_conflict
from tests.activities.making import make_report

from .builders import (
    account,
    actions,
    applied,
    imported,
    notes,
    outcomes,
    people,
    person,
)

Action = PlannedChange.Action


def test_a_mapped_account_gets_its_former_state_back(
    connection: Connection, company: Company, admin: User
) -> None:
    Team.objects.create(company=company, name="West")
    vic = account(company, "person1@example.com")
    someone = person(connection, 1, title="Rep", department="West")
    plan = imported(connection, [someone], by=admin)
    vic.refresh_from_db()
    assert vic.team is not None
    revert = applied(plan_revert(plan, by=admin), admin)
    vic = User.objects.get(pk=vic.pk)
    assert (vic.title, vic.team, vic.state) == ("", None, User.State.ACTIVE)
    assert not vic.mappings.exists()
    assert notes(revert) == {"Person 1": "Unmapped."}


def test_a_mapping_that_was_made_anew_by_hand_is_not_undone_with_the_import(
    connection: Connection, company: Company, admin: User
) -> None:
    one, two = people(connection, (1, 2))
    for each in (one, two):
        account(company, each.email)
    plan = imported(connection, [one, two], by=admin)
    draft = plan_revert(plan, by=admin)
    manual.unlink(connection, salesforce_id=one.salesforce_id, reason="Is it her?", by=admin)
    hers = User.objects.get(email=one.email)
    manual.map_account(connection, salesforce_id=one.salesforce_id, account=hers, by=admin)
    applied(draft, admin)
    assert outcomes(draft) == {"Person 1": "changed", "Person 2": "done"}
    assert "the mapping was made anew" in notes(draft)["Person 1"]
    again = plan_revert(plan, by=admin)
    reason = "The mapping of Person1 was made anew since then: Manual"
    assert actions(again)[0] == (Action.NOTHING, reason)
    assert UserMapping.objects.get().account == hers


def test_a_value_that_somebody_changed_stays_and_the_row_says_who(
    connection: Connection, company: Company, admin: User
) -> None:
    Team.objects.create(company=company, name="West")
    vic = account(company, "person1@example.com")
    plan = imported(connection, [person(connection, 1, title="Rep", department="West")], by=admin)
    User.objects.filter(pk=vic.pk).update(title="Boss")
    audit.record("account.changed", vic, by=account(company, "erin@example.com", name="Erin"))
    revert = plan_revert(plan, by=admin)
    [(action, reason)] = actions(revert)
    assert action == Action.UNMAP
    assert reason.startswith("Unmap from Person1; title stays, changed by Erin, ")
    applied(revert, admin)
    vic.refresh_from_db()
    assert (vic.title, vic.team) == ("Boss", None)


def test_a_value_that_changed_after_the_preview_stays_too(
    connection: Connection, company: Company, admin: User
) -> None:
    vic = account(company, "person1@example.com")
    plan = imported(connection, [person(connection, 1, title="Rep")], by=admin)
    revert = plan_revert(plan, by=admin)
    User.objects.filter(pk=vic.pk).update(title="Boss")
    applied(revert, admin)
    vic.refresh_from_db()
    assert vic.title == "Boss"
    assert notes(revert)["Person 1"].startswith("Unmapped. Left as it is: title, changed by ")


def mapped_again(connection: Connection, gone: User, by: User) -> SyncPlan:
    """A plan that reactivated this account for Person 1."""
    plan = plan_import(connection, [person(connection, 1)], by=by)
    resolve_conflict(plan.changes.get(), Resolution.MAP, by=by, account_id=gone.pk)
    return applied(plan, by)


def test_a_reactivated_account_is_deactivated_again(
    connection: Connection, company: Company, admin: User
) -> None:
    gone = account(company, "person1@example.com", state=User.State.DEACTIVATED)
    revert = plan_revert(mapped_again(connection, gone, by=admin), by=admin)
    assert actions(revert) == [
        (Action.UNMAP, "Unmap from Person1, and deactivate it again"),
    ]
    applied(revert, admin)
    gone.refresh_from_db()
    assert gone.state == User.State.DEACTIVATED
    assert notes(revert) == {"Person 1": "Unmapped, and deactivated again."}


def test_whoever_began_to_work_after_the_preview_is_not_deactivated_by_it(
    connection: Connection, company: Company, admin: User
) -> None:
    gone = account(company, "person1@example.com", state=User.State.DEACTIVATED)
    revert = plan_revert(mapped_again(connection, gone, by=admin), by=admin)
    make_report(gone, ActivityType.objects.create(company=company, name="Deal"))
    applied(revert, admin)
    assert notes(revert) == {"Person 1": "Since the preview: Person1 has activity reports."}
    assert gone.mappings.exists()


def test_an_account_that_stays_is_unmapped_though_its_first_report_came_after_the_preview(
    connection: Connection, company: Company, admin: User
) -> None:
    vic = account(company, "person1@example.com")
    plan = imported(connection, [person(connection, 1)], by=admin)
    revert = plan_revert(plan, by=admin)
    make_report(vic, ActivityType.objects.create(company=company, name="Deal"))
    applied(revert, admin)
    assert notes(revert) == {"Person 1": "Unmapped."}
    assert is_reverted(plan)
