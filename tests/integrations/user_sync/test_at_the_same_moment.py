"""Two people at one plan or request in the same moment: the second is told, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from django.db import transaction

from accounts.models import Company, User
from integrations.models import Approach, Connection, PlannedChange, SyncPlan
from integrations.user_sync import approving, deciding, held, requesting
from integrations.user_sync.errors import AlreadyApproved, PlanError
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.reviewing import set_included
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock

from .builders import account, imported, people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def eve(company: Company) -> User:
    return account(company, "eve@example.com", role=User.Role.ADMIN)


def behind(first: Callable[[], object], second: Callable[[], object]) -> Future[object]:
    """What becomes of the second act, which begins before the first is committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            late = in_own_connection(pool, second)
            wait_until_somebody_waits_for_a_lock()
        wait([late], 10)
    return late


def test_a_held_plan_is_decided_by_the_refusals_of_the_first_alone(
    connection: Connection, admin: User, eve: User
) -> None:
    plan = plan_import(
        connection, people(connection, range(3)), by=None, approach=Approach.AUTOMATIC
    )
    SyncPlan.objects.filter(pk=plan.pk).update(state=SyncPlan.State.HELD)
    first, *others = plan.changes.order_by("position").values_list("pk", flat=True)
    late = behind(
        lambda: held.decide(plan, by=admin, refuse=[first]),
        lambda: held.decide(plan, by=eve, refuse=others),
    )
    with pytest.raises(AlreadyApproved, match="Dana Cole"):
        late.result()
    refused = plan.changes.filter(action=PlannedChange.Action.IGNORE)
    assert list(refused.values_list("pk", flat=True)) == [first]


def test_no_row_is_unticked_once_somebody_approves(
    connection: Connection, admin: User, eve: User
) -> None:
    plan = plan_import(connection, people(connection, range(3)), by=admin)
    row = plan.changes.get(position=1)
    late = behind(
        lambda: approving.approve(plan, by=admin),
        lambda: set_included(row, included=False, by=eve),
    )
    with pytest.raises(PlanError, match="approved already"):
        late.result()
    assert not plan.changes.filter(included=False).exists()


def test_a_request_is_not_taken_back_while_it_is_approved(
    connection: Connection, admin: User
) -> None:
    support = User.objects.create_superuser(email="sam@support.example", name="Sam")
    people(connection, range(3))
    request = requesting.request(connection, by=admin)
    late = behind(
        lambda: deciding.approve(request, by=support),
        lambda: requesting.withdraw(request, by=admin),
    )
    with pytest.raises(PlanError, match="Approved by Sam"):
        late.result()
    request.refresh_from_db()
    assert request.withdrawn_at is None
    assert request.plan.state == SyncPlan.State.QUEUED


def test_a_plan_that_is_being_reverted_does_not_go_on(
    connection: Connection, admin: User, eve: User
) -> None:
    plan = imported(connection, people(connection, (1, 2)), by=admin)
    SyncPlan.objects.filter(pk=plan.pk).update(state=SyncPlan.State.STOPPED)
    revert = plan_revert(plan, by=admin)
    late = behind(
        lambda: approving.approve(revert, by=admin),
        lambda: approving.resume(plan, by=eve),
    )
    with pytest.raises(PlanError, match="cannot be continued"):
        late.result()
    plan.refresh_from_db()
    assert plan.state == SyncPlan.State.STOPPED
