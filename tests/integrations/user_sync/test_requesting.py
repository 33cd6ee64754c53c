"""Accounts for all active users: asked for by one, decided by another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Company, Team, User
from integrations.leases import held_lease
from integrations.models import AccessRequest, Connection, SyncPlan, TeamSource, UserMapping
from integrations.user_sync import applying, approving, deciding, replanning, requesting
from integrations.user_sync.errors import PlanError

from .builders import account, people, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(db: None) -> User:
    return User.objects.create_superuser(email="sam@support.example", name="Sam")


@pytest.fixture
def request_(connection: Connection, admin: User) -> AccessRequest:
    people(connection, range(3))
    person(connection, 7, is_active=False)
    return requesting.request(connection, by=admin, note="We start on Monday")


def test_support_staff_approve_and_everybody_active_has_an_account(
    request_: AccessRequest, support: User
) -> None:
    assert request_.plan.state == SyncPlan.State.REQUESTED
    assert request_.plan.changes.count() == 3
    plan = deciding.approve(request_, by=support)
    applying.apply_plan(plan.pk)
    assert UserMapping.objects.count() == 3
    assert list(requesting.to_tell_done()) == [request_]
    assert list(requesting.to_tell_decision()) == [request_]


def test_the_requester_cannot_approve_by_any_door(request_: AccessRequest, admin: User) -> None:
    with pytest.raises(PlanError, match=r"somebody else decides.*--self-approve"):
        deciding.approve(request_, by=admin)
    with pytest.raises(PlanError, match="approved by others"):
        approving.approve(request_.plan, by=admin)
    with pytest.raises(PlanError):
        approving.resume(request_.plan, by=admin)
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.update(decision="approved", decided_by=admin, decided_at=now)
    request_.plan.refresh_from_db()
    assert request_.plan.state == SyncPlan.State.REQUESTED


def test_a_draft_for_all_active_users_cannot_be_approved_like_an_import(
    connection: Connection, admin: User
) -> None:
    person(connection, 1)
    draft = requesting.preview(connection, by=admin)
    with pytest.raises(PlanError, match="requested"):
        approving.approve(draft, by=admin)


def test_another_admin_of_the_company_cannot_approve_either(
    request_: AccessRequest, connection: Connection, other_company: Company
) -> None:
    colleague = account(connection.company, "eve@example.com", role=User.Role.ADMIN)
    stranger = account(other_company, "mal@example.com", role=User.Role.ADMIN)
    for somebody in (colleague, stranger):
        assert not deciding.may_decide(request_, somebody)
        with pytest.raises(PlanError):
            deciding.approve(request_, by=somebody)


def test_a_company_that_may_approves_its_own_request(
    request_: AccessRequest, connection: Connection, admin: User
) -> None:
    Company.objects.update(may_approve_own_requests=True)
    deciding.approve(AccessRequest.objects.get(), by=admin)
    assert AccessRequest.objects.get().self_approval_allowed
    assert not requesting.to_tell_decision().exists()


def test_the_setting_is_read_at_the_decision_not_before(
    request_: AccessRequest, admin: User
) -> None:
    request_.company.may_approve_own_requests = True  # an old copy in somebody's memory
    with pytest.raises(PlanError):
        deciding.approve(request_, by=admin)


def test_a_refusal_gives_its_reason_and_frees_the_way_for_another_request(
    request_: AccessRequest, connection: Connection, admin: User, support: User
) -> None:
    with pytest.raises(PlanError, match="Say why"):
        deciding.refuse(request_, by=support, reason="")
    deciding.refuse(request_, by=support, reason="Buy seats first")
    with pytest.raises(PlanError, match="Refused by Sam"):
        deciding.approve(request_, by=support)
    again = requesting.request(connection, by=admin)
    assert again.is_open


def test_there_is_one_open_request_a_connection(
    request_: AccessRequest, connection: Connection, admin: User
) -> None:
    with pytest.raises(PlanError, match="request already"):
        requesting.request(connection, by=admin)
    requesting.withdraw(request_, by=admin)
    requesting.request(connection, by=admin)
    request_.plan.refresh_from_db()
    assert request_.plan.state == SyncPlan.State.DISCARDED


def test_after_a_week_it_is_planned_again_and_shows_what_differs(
    request_: AccessRequest, connection: Connection, admin: User, support: User
) -> None:
    old = timezone.now() - timedelta(days=8)
    AccessRequest.objects.update(planned_at=old, approvers_told_at=old)
    with pytest.raises(PlanError, match="older than a week"):
        deciding.approve(request_, by=support)
    person(connection, 20, name="Newcomer")
    connection.directory.filter(name="Person 1").update(is_active=False)
    account(connection.company, "person2@example.com", name="Two")
    replanning.replan_old_requests()
    request_ = AccessRequest.objects.get()
    difference = replanning.difference(request_)
    assert difference is not None
    assert difference.came == ["Newcomer"]
    assert difference.went == ["Person 1"]
    assert difference.decided_otherwise == ["Person 2"]
    assert list(requesting.to_tell_approvers()) == [request_]
    deciding.approve(request_, by=support)


def test_who_can_decide_is_named(request_: AccessRequest, admin: User, support: User) -> None:
    assert list(deciding.deciders(request_)) == [support]
    request_.company.may_approve_own_requests = True
    assert list(deciding.deciders(request_)) == [admin, support]


def test_a_request_whose_team_was_deleted_goes_on_waiting_for_an_answer(
    connection: Connection, admin: User
) -> None:
    people(connection, range(2))
    team = Team.objects.create(company=connection.company, name="West")
    draft = requesting.preview(connection, by=admin, team_source=TeamSource.CHOSEN, team=team)
    request = requesting.request(connection, by=admin, plan=draft)
    team.delete()
    AccessRequest.objects.update(planned_at=timezone.now() - timedelta(days=8))
    replanning.replan_old_requests()
    with pytest.raises(PlanError, match="The chosen team was deleted"):
        replanning.plan_again(request, by=admin)
    request.refresh_from_db()
    assert request.is_open
    assert request.plan.state == SyncPlan.State.REQUESTED
    assert not AuditEntry.objects.filter(action="request.fulfilled").exists()


def test_a_request_ends_by_itself_once_everybody_has_an_account(
    request_: AccessRequest, connection: Connection, admin: User
) -> None:
    connection.directory.update(is_active=False)
    replanning.plan_again_later(request_.pk, admin.pk)
    request_.refresh_from_db()
    assert request_.withdrawn_at is not None
    assert request_.plan.state == SyncPlan.State.DISCARDED
    assert AuditEntry.objects.filter(action="request.fulfilled").count() == 1


def test_a_plan_that_was_approved_meanwhile_is_neither_discarded_nor_planned_again(
    request_: AccessRequest, support: User
) -> None:
    deciding.approve(request_, by=support)
    replanning.withdraw_fulfilled(request_.pk)
    with pytest.raises(PlanError, match="Approved by Sam"):
        replanning.plan_again(request_, by=None)
    request_.refresh_from_db()
    assert request_.withdrawn_at is None
    assert request_.plan.state == SyncPlan.State.QUEUED


def test_who_pressed_approve_while_it_was_planned_again_looks_at_the_new_plan_first(
    request_: AccessRequest, connection: Connection, support: User
) -> None:
    looked_at = AccessRequest.objects.get()
    person(connection, 20)
    replanning.plan_again(request_, by=None)
    with pytest.raises(PlanError, match="planned again meanwhile"):
        deciding.approve(looked_at, by=support)
    deciding.approve(AccessRequest.objects.get(), by=support)


def test_two_workers_plan_an_old_request_again_once(request_: AccessRequest) -> None:
    AccessRequest.objects.update(planned_at=timezone.now() - timedelta(days=8))
    with held_lease(f"request:{request_.pk}"):
        replanning.replan_old_requests()
    assert AccessRequest.objects.get().plan == request_.plan
    replanning.replan_old_requests()
    replanning.replan_old_requests()
    assert SyncPlan.objects.count() == 2
