from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from integrations import leases
from integrations.models import Connection, Heartbeat, Lease, SyncPlan
from integrations.user_sync import applying, approving
from integrations.user_sync.planning import plan_import
from integrations.user_sync.progress import WORKER, Progress, beat, progress

from .builders import people

AGO = timedelta(seconds=90)


@pytest.fixture
def plan(connection: Connection, admin: User) -> SyncPlan:
    plan = plan_import(connection, people(connection, range(4)), by=admin)
    plan.changes.filter(position=4).update(included=False)
    return plan


def test_a_draft_has_nothing_done_and_waits_for_nobody(plan: SyncPlan) -> None:
    assert progress(plan) == Progress(0, 4, {"waiting": 4}, None)


def test_a_done_plan_counts_every_row(plan: SyncPlan, admin: User) -> None:
    approving.approve(plan, by=admin)
    applying.apply_plan(plan.pk)
    plan.refresh_from_db()
    assert progress(plan) == Progress(4, 4, {"done": 3, "left": 1}, None)
    assert progress(plan).percent == 100


class TestSilence:
    def queued(self, plan: SyncPlan, admin: User) -> SyncPlan:
        approving.approve(plan, by=admin)
        plan.approved_at = timezone.now() - AGO
        plan.save()
        return plan

    def test_of_a_worker_that_never_was(self, plan: SyncPlan, admin: User) -> None:
        queued = self.queued(plan, admin)
        assert progress(queued).worker_silent_since == queued.approved_at

    def test_of_a_worker_that_is_gone(self, plan: SyncPlan, admin: User) -> None:
        beat()
        last = timezone.now() - timedelta(seconds=70)
        Heartbeat.objects.update(at=last)
        assert progress(self.queued(plan, admin)).worker_silent_since == last

    def test_is_not_said_of_a_worker_that_is_busy(self, plan: SyncPlan, admin: User) -> None:
        beat()
        assert Heartbeat.objects.filter(name=WORKER).count() == 1
        assert progress(self.queued(plan, admin)).worker_silent_since is None

    def test_is_not_said_in_the_first_minute(self, plan: SyncPlan, admin: User) -> None:
        approving.approve(plan, by=admin)
        assert progress(plan).worker_silent_since is None

    def test_is_not_said_in_the_minute_after_a_worker_has_laid_the_plan_down(
        self, plan: SyncPlan
    ) -> None:
        plan.state = SyncPlan.State.APPLYING
        plan.started_at = timezone.now() - AGO
        plan.save()
        with leases.held_lease(leases.of_plan(plan.pk)):
            pass
        assert progress(plan).worker_silent_since is None
        laid_down = timezone.now() - timedelta(seconds=61)
        Lease.objects.update(expires_at=laid_down)
        assert progress(plan).worker_silent_since == laid_down

    def test_of_a_worker_that_stopped_in_the_middle(self, plan: SyncPlan) -> None:
        plan.state = SyncPlan.State.APPLYING
        plan.started_at = timezone.now() - AGO
        plan.save()
        beat()  # another worker's
        with leases.held_lease(leases.of_plan(plan.pk)):
            assert progress(plan).worker_silent_since is None
            renewed = timezone.now() - timedelta(seconds=75)
            Lease.objects.update(expires_at=renewed + timedelta(seconds=60))
            assert progress(plan).worker_silent_since == renewed
