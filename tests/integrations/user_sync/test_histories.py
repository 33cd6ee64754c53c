"""Random histories of a company: whatever happens, nobody is doubled, lost or taken over, and a
revert right after an import leaves everything as it was.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Company, Team, User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync import (
    applying,
    approving,
    automatic,
    combining,
    held,
    leavers,
    manual,
    returning,
)
from integrations.user_sync.batch import Batch
from integrations.user_sync.directory_writing import note_leavers
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_ignore, plan_import, plan_stop_ignoring
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.reviewing import Resolution, resolve_conflict

from .builders import account, person

ADDRESSES = [f"{name}@example.com" for name in ("ann", "Bob", "BOB", "cy", "dana", "eve")]
DEPARTMENTS = ["West", "Nowhere", ""]
some_numbers = st.sets(st.integers(0, 11), min_size=1)


class History(RuleBasedStateMachine):
    @initialize(seats=st.sampled_from([None, 4]), policy=st.sampled_from(Connection.EmailPolicy))
    def begin(self, seats: int | None, policy: str) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.company = Company.objects.create(
            name="M", slug="m", time_zone="UTC", currency="EUR", seat_limit=seats
        )
        Team.objects.create(company=self.company, name="West")
        self.dana = account(self.company, "dana@example.com", role=User.Role.ADMIN)
        self.connection = Connection.objects.create(
            company=self.company,
            login_url="https://x.salesforce.com",
            state=Connection.State.CONNECTED,
            email_policy=policy,
        )
        self.people = 0

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(email=st.sampled_from(ADDRESSES), department=st.sampled_from(DEPARTMENTS))
    def somebody_joins(self, email: str, department: str) -> None:
        person(self.connection, self.people, email=email, department=department, title="Rep")
        self.people += 1

    @rule(number=st.integers(0, 11), email=st.sampled_from(ADDRESSES), active=st.booleans())
    def somebody_changes(self, number: int, email: str, active: bool) -> None:
        self.chosen({number}).update(email=email, is_active=active)

    @rule(email=st.sampled_from(ADDRESSES))
    def somebody_makes_an_account_by_hand(self, email: str) -> None:
        holders = User.objects.holding_address().filter(company=self.company)
        if not holders.filter(email__iexact=email).exists():
            account(self.company, email, state=User.State.PENDING)

    @rule(email=st.sampled_from(ADDRESSES))
    def somebody_logs_in(self, email: str) -> None:
        User.objects.filter(company=self.company, email__iexact=email).update(
            last_login=timezone.now()
        )

    @rule(email=st.sampled_from(ADDRESSES), title=st.sampled_from(["Boss", ""]))
    def somebody_edits_an_account(self, email: str, title: str) -> None:
        User.objects.filter(company=self.company, email__iexact=email).update(title=title)

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

    @rule(number=st.integers(0, 11), email=st.sampled_from(ADDRESSES))
    def somebody_is_mapped_by_hand(self, number: int, email: str) -> None:
        someone = self.chosen({number}).first()
        holder = User.objects.filter(company=self.company, email__iexact=email).first()
        if someone is None or holder is None:
            return
        with suppress(PlanError):
            manual.map_account(
                self.connection,
                salesforce_id=someone.salesforce_id,
                account=holder,
                by=self.dana,
            )

    @rule(number=st.integers(0, 11), again=st.booleans())
    def somebody_is_unlinked(self, number: int, again: bool) -> None:
        someone = self.chosen({number}).first()
        if someone is None or not self.mapping_of(someone).exists():
            return
        before = self.snapshot()
        plan = manual.unlink(
            self.connection, salesforce_id=someone.salesforce_id, reason="No", by=self.dana
        )
        assert not self.mapping_of(someone).exists()
        if again:
            self.revert_at_once(plan, before)

    @rule(former=st.integers(0, 11), new=st.integers(0, 11), back=st.booleans())
    def somebody_returns(self, former: int, new: int, back: bool) -> None:
        old, young = self.chosen({former}).first(), self.chosen({new}).first()
        if old is None or young is None:
            return
        before = self.snapshot()
        ids = {"former_id": old.salesforce_id, "new_id": young.salesforce_id}
        try:
            plan = returning.move(self.connection, **ids, by=self.dana)
        except PlanError:
            return
        if back:
            self.revert_at_once(plan, before)

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

    @rule(keep=st.sampled_from(ADDRESSES), give_up=st.sampled_from(ADDRESSES), back=st.booleans())
    def two_accounts_are_combined(self, keep: str, give_up: str, back: bool) -> None:
        accounts = User.objects.filter(company=self.company).order_by("pk")
        kept = accounts.filter(email__iexact=keep).first()
        given = accounts.filter(email__iexact=give_up).first()
        if kept is None or given is None:
            return
        before = self.snapshot()
        try:
            plan = combining.plan_combine(self.connection, keep=kept, give_up=given, by=self.dana)
        except PlanError:
            return
        self.apply(plan)
        if back:
            self.revert_at_once(plan, before)

    @precondition(lambda self: SyncPlan.objects.filter(state="done").exists())
    @rule(choice=st.integers(0, 100), crashes=st.integers(0, 2))
    def an_old_plan_is_reverted(self, choice: int, crashes: int) -> None:
        plans = SyncPlan.objects.filter(connection=self.connection, state="done").order_by("pk")
        try:
            revert = plan_revert(plans[choice % plans.count()], by=self.dana)
        except PlanError:
            return
        self.apply(revert, crashes)

    @invariant()
    def nobody_is_doubled_lost_or_taken_over(self) -> None:
        if not hasattr(self, "company"):
            return
        live = User.objects.holding_address().filter(company=self.company)
        addresses = [email.lower() for email in live.values_list("email", flat=True)]
        assert len(addresses) == len(set(addresses))
        current = UserMapping.objects.filter(is_current=True)
        accounts = list(current.values_list("account", flat=True))
        assert len(accounts) == len(set(accounts))
        assert DirectoryUser.objects.count() == self.people
        assert User.objects.get(pk=self.dana.pk).state == User.State.ACTIVE
        assert not self.somebody_over_the_limit()

    @invariant()
    def every_row_of_a_finished_plan_says_what_happened(self) -> None:
        finished = PlannedChange.objects.filter(plan__state="done")
        assert not finished.filter(outcome="waiting").exists()
        assert not finished.filter(outcome="failed").exists()
        assert not finished.exclude(outcome="waiting").filter(outcome_note="").exists()

    def somebody_over_the_limit(self) -> bool:
        limit = self.company.seat_limit
        used = User.objects.in_a_seat().filter(company=self.company).count()
        return limit is not None and used > limit

    def chosen(self, numbers: set[int]) -> Any:
        ids = list(DirectoryUser.objects.order_by("pk").values_list("pk", flat=True))
        chosen = [ids[number] for number in numbers if number < len(ids)]
        return DirectoryUser.objects.filter(pk__in=chosen).order_by("pk")

    def planned(self, numbers: set[int], answer: str) -> SyncPlan | None:
        try:
            plan = plan_import(self.connection, self.chosen(numbers), by=self.dana)
        except PlanError:
            return None
        for row in plan.changes.filter(action=PlannedChange.Action.CONFLICT):
            account_id = row.candidates[0]["account_id"] if row.candidates else None
            try:
                resolve_conflict(row, answer, by=self.dana, account_id=account_id)
            except PlanError:
                continue
        return plan

    def apply(self, plan: SyncPlan, crashes: int = 0) -> None:
        approving.approve(plan, by=self.dana)
        for _ in range(crashes):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(applying, "EFFECTS", (*applying.EFFECTS, _crash))
                patch.setattr("integrations.user_sync.applying.connection.close", lambda: None)
                applying.apply_plan(plan.pk)
        applying.apply_plan(plan.pk)
        plan.refresh_from_db()
        assert plan.state == SyncPlan.State.DONE

    def mapping_of(self, someone: DirectoryUser) -> Any:
        return UserMapping.objects.filter(salesforce_user_id=someone.salesforce_id)

    def revert_at_once(self, plan: SyncPlan, before: Any) -> None:
        """Right after a plan its revert leaves everything as it was, except what it lists."""
        if not plan.changes.filter(outcome="done").exists():
            assert self.snapshot() == before
            return
        revert = plan_revert(plan, by=self.dana)
        listed = revert.changes.filter(action=PlannedChange.Action.NOTHING).exists()
        self.apply(revert)
        listed = listed or revert.changes.exclude(outcome="done").exists()
        assert listed or self.snapshot() == before

    def work_off(self, plan: SyncPlan) -> None:
        applying.apply_plan(plan.pk)
        plan.refresh_from_db()
        assert plan.state == SyncPlan.State.DONE

    def snapshot(self) -> Any:
        accounts = User.objects.filter(company=self.company)
        return (
            sorted(accounts.values_list("pk", "email", "state", "role", "title", "team")),
            sorted(UserMapping.objects.values_list("salesforce_user_id", "account", "is_current")),
            sorted(
                DirectoryUser.objects.filter(ignored_at__isnull=False).values_list(
                    "salesforce_id", "ignored_reason"
                )
            ),
        )


def _crash(_: Batch) -> None:
    """The database goes away before the batch is committed."""
    raise OperationalError("server closed the connection unexpectedly")


@pytest.mark.django_db
def test_whatever_happens_nobody_is_doubled_lost_or_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(applying, "BATCH", 2)
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
