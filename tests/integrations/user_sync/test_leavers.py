"""Leavers: only who left is deactivated, after the grace, and too many are held."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.models import AuditEntry, Company, User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync import applying, deprovisioning, held, leavers
from integrations.user_sync.reverting import plan_revert

from .builders import applied, mapped, outcomes, person, salesforce_id
from .leaving import colleagues, come_back, days_ago, leave, run

pytestmark = pytest.mark.django_db

Policy = Connection.Deprovisioning
State = Connection.State


def test_the_preview_says_whose_account_goes_and_the_day_they_left_as_the_companys(
    strict: Connection, admin: User
) -> None:
    colleagues(strict, [1], name="Mia Member")
    leave(strict, 1)
    DirectoryUser.objects.update(left_at=datetime(2026, 5, 2, 23, tzinfo=UTC))
    plan = leavers.plan_leavers(strict, leavers.to_deactivate(strict), by=admin)
    row = plan.changes.get()
    assert row.person_name == "Person 1"
    assert row.reason == "Deactivate Mia Member's account: left Salesforce (seen 3 May 2026)"


@pytest.mark.parametrize("policy", [Policy.OFF, Policy.SUGGEST])
def test_nothing_is_done_by_itself_where_it_is_only_suggested(
    connection: Connection, admin: User, policy: str
) -> None:
    connection.deprovisioning = policy
    connection.save()
    colleagues(connection, [1])
    leave(connection, 1)
    deprovisioning.plan_everywhere()
    assert not SyncPlan.objects.exists()
    assert leavers.to_deactivate(connection).count() == 1


def test_frozen_missing_protected_and_kept_people_are_never_deactivated_by_a_policy(
    strict: Connection, admin: User
) -> None:
    _frozen, _missing, protected, kept = colleagues(strict, [1, 2, 3, 4])
    DirectoryUser.objects.filter(salesforce_id=salesforce_id(1)).update(is_frozen=True)
    DirectoryUser.objects.filter(salesforce_id=salesforce_id(2)).update(missing_since=days_ago(9))
    User.objects.filter(pk=protected.pk).update(protected=True)
    leave(strict, 3, 4)
    mappings = leavers.to_deactivate(strict).filter(account=kept)
    applied(leavers.plan_keeping(strict, mappings, by=admin), admin)
    assert run(strict) is None


def test_the_last_admin_stays(strict: Connection) -> None:
    (boss,) = colleagues(strict, [1], role=User.Role.ADMIN)
    leave(strict, 1)
    plan = run(strict)
    assert plan is not None
    assert outcomes(plan) == {"Person 1": "left"}
    boss.refresh_from_db()
    assert boss.is_active
    assert run(strict) is None


def test_a_held_plan_ends_once_nobody_in_it_is_to_be_deactivated(
    strict: Connection, admin: User
) -> None:
    colleagues(strict, range(12))
    leave(strict, *range(7))
    plan = deprovisioning.plan_by_policy(strict)
    assert plan is not None
    come_back(strict, *range(6))
    deprovisioning.plan_everywhere()
    plan.refresh_from_db()
    assert plan.state == SyncPlan.State.HELD, "one is left to decide about"
    strict.deprovisioning = Policy.SUGGEST
    strict.save()
    applied(leavers.plan_keeping(strict, leavers.to_deactivate(strict), by=admin), admin)
    deprovisioning.plan_everywhere()
    plan.refresh_from_db()
    assert (plan.state, plan.problem) == (
        SyncPlan.State.DISCARDED,
        "Nothing was left to do: everybody here came back, or somebody decided about them"
        " meanwhile.",
    )
    assert AuditEntry.objects.filter(action="plan.discarded").count() == 1
    leave(strict, 8)
    assert run(strict) is not None, "it no longer stands in the way of others"


def test_many_at_once_are_held_and_decided_one_by_one(strict: Connection, admin: User) -> None:
    accounts = colleagues(strict, range(10))
    leave(strict, *range(7))
    plan = deprovisioning.plan_by_policy(strict)
    assert plan is not None
    assert plan.state == SyncPlan.State.HELD
    assert applying.apply_plan(plan.pk) == applying.Ended.STOPPED
    assert deprovisioning.plan_by_policy(strict) is None
    stays = plan.changes.get(account=accounts[3])
    held.decide(plan, by=admin, refuse=[stays.pk])
    applying.apply_plan(plan.pk)
    assert User.objects.filter(state=User.State.DEACTIVATED).count() == 6
    accounts[3].refresh_from_db()
    assert accounts[3].is_active
    assert run(strict) is None
    plan.refresh_from_db()
    applied(plan_revert(plan, by=admin), admin)
    assert not User.objects.filter(state=User.State.DEACTIVATED).exists()
    assert DirectoryUser.objects.filter(account_kept_at__isnull=False).count() == 6
    assert DirectoryUser.objects.get(salesforce_id=salesforce_id(3)).account_kept_at is None


@pytest.mark.parametrize("state", [State.PAUSED, State.RECONNECT_REQUIRED, State.TERMINATED])
def test_without_access_to_salesforce_nobody_is_deactivated_by_itself(
    strict: Connection, admin: User, state: str
) -> None:
    colleagues(strict, [1])
    leave(strict, 1)
    Connection.objects.update(state=state)
    deprovisioning.plan_everywhere()
    assert not SyncPlan.objects.exists()
    Connection.objects.update(state=State.CONNECTED)
    deprovisioning.plan_everywhere()
    assert SyncPlan.objects.exists()


def test_a_day_adds_up(strict: Connection, admin: User) -> None:
    colleagues(strict, range(20))
    leave(strict, 0, 1, 2, 3)
    first = run(strict)
    assert first is not None
    assert first.state == SyncPlan.State.DONE
    leave(strict, 4, 5, 6)
    second = run(strict)
    assert second is not None
    assert second.state == SyncPlan.State.HELD


def test_another_companys_people_stay_out_of_it(
    strict: Connection, admin: User, other_company: Company
) -> None:
    theirs = Connection.objects.create(company=other_company, login_url="https://x.salesforce.com")
    colleagues(theirs, [1])
    leave(theirs, 1)
    assert not leavers.to_deactivate(strict).exists()
    assert run(strict) is None


def test_whoever_is_active_in_another_org_of_the_company_keeps_their_access(
    strict: Connection, admin: User
) -> None:
    (ann,) = colleagues(strict, [1])
    other = Connection.objects.create(
        company=strict.company, login_url="https://x.salesforce.com", state=State.CONNECTED
    )
    person(other, 2)
    mapped(other, 2, ann)
    leave(strict, 1)
    assert run(strict) is None
    leave(other, 2)
    assert run(strict) is not None
    ann.refresh_from_db()
    assert ann.state == User.State.DEACTIVATED


def test_whoever_became_active_in_another_org_since_the_preview_is_left(
    connection: Connection, admin: User
) -> None:
    (ann,) = colleagues(connection, [1])
    leave(connection, 1)
    plan = leavers.plan_leavers(connection, leavers.to_deactivate(connection), by=admin)
    other = Connection.objects.create(
        company=connection.company, login_url="https://x.salesforce.com", state=State.CONNECTED
    )
    person(other, 2)
    mapped(other, 2, ann)
    applied(plan, admin)
    assert outcomes(plan) == {"Person 1": "changed"}
    ann.refresh_from_db()
    assert ann.is_active
