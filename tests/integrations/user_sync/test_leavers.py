"""Leavers and returners: only who left is deactivated, after the grace, and too many are held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts import states
from accounts.models import Company, Team, User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.user_sync import applying, deprovisioning, held, leavers
from integrations.user_sync.directory_writing import note_leavers
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, mapped, outcomes, person, salesforce_id

pytestmark = pytest.mark.django_db

Policy = Connection.Deprovisioning
State = Connection.State


@pytest.fixture
def strict(connection: Connection) -> Connection:
    connection.deprovisioning = Policy.DEACTIVATE
    connection.save()
    return connection


def colleagues(connection: Connection, numbers: Sequence[int], **fields: object) -> list[User]:
    made = []
    for number in numbers:
        somebody = person(connection, number)
        made.append(account(connection.company, somebody.email, **fields))
        mapped(connection, number, made[-1])
    return made


def leave(connection: Connection, *numbers: int, days: int = 4) -> None:
    gone = DirectoryUser.objects.filter(salesforce_id__in=[salesforce_id(n) for n in numbers])
    gone.update(is_active=False)
    note_leavers(connection, days_ago(days))


def come_back(connection: Connection, *numbers: int) -> None:
    ids = [salesforce_id(n) for n in numbers]
    DirectoryUser.objects.filter(salesforce_id__in=ids).update(is_active=True)
    note_leavers(connection, timezone.now())


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def run(connection: Connection) -> SyncPlan | None:
    plan = deprovisioning.plan_by_policy(connection)
    if plan is not None:
        applying.apply_plan(plan.pk)
        plan.refresh_from_db()
    return plan


def test_the_day_somebody_left_is_the_companys(strict: Connection, admin: User) -> None:
    colleagues(strict, [1])
    leave(strict, 1)
    DirectoryUser.objects.update(left_at=datetime(2026, 5, 2, 23, tzinfo=UTC))
    plan = leavers.plan_leavers(strict, leavers.to_deactivate(strict), by=admin)
    assert plan.changes.get().reason == "Left Salesforce (seen 3 May 2026)"


def test_a_leaver_is_deactivated_after_the_grace_and_comes_back_as_they_were(
    strict: Connection, admin: User
) -> None:
    team = Team.objects.create(company=strict.company, name="West")
    (ann,) = colleagues(strict, [1], team=team, role=User.Role.ADMIN)
    leave(strict, 1, days=2)
    assert run(strict) is None
    DirectoryUser.objects.update(left_at=days_ago(4))
    assert run(strict) is not None
    ann.refresh_from_db()
    assert (ann.state, ann.access_version) == (User.State.DEACTIVATED, 1)
    assert run(strict) is None
    come_back(strict, 1)
    run(strict)
    ann.refresh_from_db()
    assert (ann.state, ann.team, ann.role) == (User.State.ACTIVE, team, User.Role.ADMIN)


def test_an_account_deactivated_by_a_person_does_not_come_back_by_itself(
    strict: Connection, admin: User
) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    run(strict)
    User.objects.filter(pk=ann.pk).update(state=User.State.ACTIVE)
    User.objects.filter(pk=ann.pk).deactivate()
    come_back(strict, 1)
    assert run(strict) is None


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


def test_whoever_gets_access_again_by_a_revert_keeps_it(strict: Connection, admin: User) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    plan = run(strict)
    assert plan is not None
    applied(plan_revert(plan, by=admin), admin)
    assert run(strict) is None
    ann.refresh_from_db()
    assert ann.is_active
    assert DirectoryUser.objects.get().account_kept_by == admin


def test_whoever_an_admin_gives_access_again_keeps_it(strict: Connection, admin: User) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    run(strict)
    states.reactivate([ann], by=admin)
    assert run(strict) is None
    assert not leavers.to_deactivate(strict).exists()
    come_back(strict, 1)
    leave(strict, 1, days=-1)
    assert leavers.to_deactivate(strict).exists()


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


def test_a_returner_whose_reactivation_was_refused_is_not_planned_again(
    strict: Connection, admin: User
) -> None:
    (ann, *_) = colleagues(strict, range(10))
    leave(strict, 0)
    run(strict)
    come_back(strict, 0)
    leave(strict, *range(1, 8))
    plan = deprovisioning.plan_by_policy(strict)
    assert plan is not None
    assert plan.state == SyncPlan.State.HELD
    held.decide(plan, by=admin, refuse=plan.changes.values_list("pk", flat=True))
    applying.apply_plan(plan.pk)
    assert run(strict) is None
    ann.refresh_from_db()
    assert ann.state == User.State.DEACTIVATED
    assert leavers.to_reactivate(strict).exists(), "a person may do it all the same"


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


def test_who_came_back_before_the_worker_is_left_alone(strict: Connection, admin: User) -> None:
    (ann,) = colleagues(strict, [1])
    leave(strict, 1)
    plan = deprovisioning.plan_by_policy(strict)
    assert plan is not None
    come_back(strict, 1)
    applying.apply_plan(plan.pk)
    assert outcomes(plan) == {"Person 1": "changed"}
    ann.refresh_from_db()
    assert ann.is_active


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
