"""Random histories of a company: whatever happens, nobody is doubled, lost or taken over, and a
revert right after an import leaves everything as it was.
"""

from __future__ import annotations

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from integrations.models import AttributeRule, Connection, SyncPlan
from integrations.user_sync import (
    applying,
    attributes,
    automatic,
    deciding,
    held,
    leavers,
    preparing,
    requesting,
)
from integrations.user_sync.directory_writing import note_leavers
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_ignore, plan_stop_ignoring
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.reviewing import Resolution

from .acts_by_hand import ActsByHand

pytestmark = pytest.mark.long

some_numbers = st.sets(st.integers(0, 11), min_size=1)


class History(ActsByHand):
    @rule(numbers=some_numbers, answer=st.sampled_from(Resolution), crashes=st.integers(0, 2))
    def people_are_imported(self, numbers: set[int], answer: str, crashes: int) -> None:
        if plan := self.planned(numbers, answer):
            self.apply(plan, crashes)

    @rule(numbers=some_numbers, answer=st.sampled_from(Resolution))
    def an_import_is_reverted_at_once(self, numbers: set[int], answer: str) -> None:
        before = self.snapshot()
        plan = self.planned(numbers, answer)
        if plan is None:
            return
        self.apply(plan)
        if plan.changes.filter(outcome="done").exists():
            revert = plan_revert(plan, by=self.dana)
            self.apply(revert)
            assert not revert.changes.exclude(outcome="done").exists()
        assert self.snapshot() == before

    @rule(numbers=some_numbers, back=st.booleans())
    def people_are_ignored_or_no_longer(self, numbers: set[int], back: bool) -> None:
        people = self.chosen(numbers)
        if people:
            plan = plan_stop_ignoring if back else plan_ignore
            self.apply(plan(self.connection, people, by=self.dana))

    @rule(numbers=some_numbers, limit=st.integers(0, 3))
    def records_want_people(self, numbers: set[int], limit: int) -> None:
        """Automatic is on for a while: those above the limit wait, and a person decides."""
        Connection.objects.update(automatic_is_on=True, automatic_daily_limit=limit)
        self.connection.refresh_from_db()
        self.chosen(numbers).update(wanted_since=timezone.now())
        made_before = automatic.made_today(self.connection)
        for plan in automatic.plan_wanted(self.connection):
            if plan.state == SyncPlan.State.HELD:
                refused = plan.changes.values_list("pk", flat=True)[:1]
                held.decide(plan, by=self.dana, refuse=list(refused))
            self.work_off(plan)
        made = automatic.made_today(self.connection) - made_before
        assert made <= max(0, limit - made_before)

    @rule(back=st.booleans(), crashes=st.integers(0, 1))
    def leavers_lose_their_access(self, back: bool, crashes: int) -> None:
        note_leavers(self.connection, timezone.now())
        before = self.snapshot()
        mappings = leavers.to_deactivate(self.connection)
        if not mappings.exists():
            return
        plan = leavers.plan_leavers(self.connection, mappings, by=self.dana)
        self.apply(plan, crashes)
        if back:
            self.revert_at_once(plan, before)

    @rule(
        attribute=st.sampled_from(["name", "title", "team"]),
        policy=st.sampled_from(AttributeRule.Policy),
        back=st.booleans(),
        crashes=st.integers(0, 1),
    )
    def accounts_follow_salesforce(
        self, attribute: str, policy: str, back: bool, crashes: int
    ) -> None:
        AttributeRule.objects.filter(connection=self.connection, attribute=attribute).update(
            policy=policy
        )
        before = self.snapshot()
        plan = attributes.plan_attributes(self.connection)
        if plan is None:
            return
        self.work_off(plan, crashes)
        if back:
            self.revert_at_once(plan, before)

    @rule(decision=st.sampled_from(["approve", "refuse", "withdraw"]), crashes=st.integers(0, 1))
    def everybody_active_is_requested(self, decision: str, crashes: int) -> None:
        before = self.snapshot()
        try:
            request = requesting.request(self.connection, by=self.dana)
        except PlanError:
            return
        with pytest.raises(PlanError):
            deciding.approve(request, by=self.dana)
        if decision == "approve":
            self.work_off(deciding.approve(request, by=self.sam), crashes)
        elif decision == "refuse":
            deciding.refuse(request, by=self.sam, reason="No")
        else:
            requesting.withdraw(request, by=self.dana)
        assert decision == "approve" or self.snapshot() == before

    @rule(numbers=some_numbers)
    def very_many_are_prepared_by_the_worker(self, numbers: set[int]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(preparing, "AT_ONCE", 0)
            patch.setattr(preparing, "CHUNK", 2)
            try:
                plan = preparing.plan_import(self.connection, self.chosen(numbers), by=self.dana)
            except PlanError:
                return
            preparing.prepare(plan.pk)
        plan.refresh_from_db()
        assert plan.changes.count() == self.chosen(numbers).count()
        self.apply(plan)

    @precondition(lambda self: SyncPlan.objects.filter(state="done").exists())
    @rule(choice=st.integers(0, 100), crashes=st.integers(0, 2))
    def an_old_plan_is_reverted(self, choice: int, crashes: int) -> None:
        plans = SyncPlan.objects.filter(connection=self.connection, state="done").order_by("pk")
        try:
            revert = plan_revert(plans[choice % plans.count()], by=self.dana)
        except PlanError:
            return
        self.apply(revert, crashes)


def assert_that_invariants_hold(examples: int) -> None:
    """What each step must leave true stands in the invariants of `History`."""
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "BATCH", 2)


@pytest.mark.django_db
def test_whatever_happens_nobody_is_doubled_lost_or_taken_over() -> None:
    assert_that_invariants_hold(8)


@pytest.mark.nightly
@pytest.mark.django_db
def test_fifty_times_whatever_happens_nobody_is_doubled_lost_or_taken_over() -> None:
    assert_that_invariants_hold(50)
