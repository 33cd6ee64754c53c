"""The company of the random histories: what happens to it by itself, and what must always hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accounts.models import Company, Team, User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync import applying, approving
from integrations.user_sync.batch import Batch
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reverting import plan_revert
from integrations.user_sync.reviewing import resolve_conflict

from .builders import account, person

ADDRESSES = [f"{name}@example.com" for name in ("ann", "Bob", "BOB", "cy", "dana", "eve")]
DEPARTMENTS = ["West", "Nowhere", ""]


class CompanyHistory(RuleBasedStateMachine):
    @initialize(seats=st.sampled_from([None, 4]), policy=st.sampled_from(Connection.EmailPolicy))
    def begin(self, seats: int | None, policy: str) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.company = Company.objects.create(
            name="M", slug="m", time_zone="UTC", currency="EUR", seat_limit=seats
        )
        Team.objects.create(company=self.company, name="West")
        self.sam = User.objects.create_superuser(email="sam@example.org", name="Sam Support")
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
        self.work_off(plan, crashes)

    def work_off(self, plan: SyncPlan, crashes: int = 0) -> None:
        """What the worker does with an approved plan, killed so many times."""
        for _ in range(crashes):
            with crashing():
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

    def snapshot(self) -> Any:
        accounts = User.objects.filter(company=self.company)
        return (
            sorted(accounts.values_list("pk", "name", "email", "state", "role", "title", "team")),
            sorted(UserMapping.objects.values_list("salesforce_user_id", "account", "is_current")),
            sorted(
                DirectoryUser.objects.filter(ignored_at__isnull=False).values_list(
                    "salesforce_id", "ignored_reason"
                )
            ),
        )


@contextmanager
def crashing() -> Iterator[None]:
    """Whatever is applied now is lost just before its batch is committed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applying, "EFFECTS", (*applying.EFFECTS, _crash))
        patch.setattr("integrations.user_sync.applying.connection.close", lambda: None)
        yield


def _crash(_: Batch) -> None:
    """The database goes away before the batch is committed."""
    raise OperationalError("server closed the connection unexpectedly")
