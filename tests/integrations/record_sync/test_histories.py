"""Any history of an org, any trouble on the way: in the end, what is here is what the rules say.

Hypothesis makes up the histories and, when one goes wrong, finds the shortest that does.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Company, User
from activities.models import ActivityReport
from integrations.credentials import access_to
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import Connection, DirectoryUser, Evaluation, UserMapping, Workflow
from integrations.record_sync import backfilling, polling, runs, workflows
from integrations.record_sync.backfilling import request_backfill
from integrations.record_sync.people import load_people
from integrations.record_sync.reconciling import reconcile, request_reconcile
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.session import TimeLimits

from .conftest import connected, log_in
from .world import account, deal, map_to, refresh_users, rep, switched_on, written

Says = Evaluation.Verdict
PEOPLE = ("Ann", "Bob", "Cleo", "Dan")
MOST_DEALS = 8
#: So long ago nothing had happened yet; a comparison asks for each month since.
A_WHILE = timedelta(days=40)
FAULTS = (
    "unavailable",
    "token_expired",
    "request_limit",
    "server_error",
    "html_page",
    "half_page",
    "empty_body",
    "reset",
    "locator_lost",
)

people = st.sampled_from(PEOPLE)
which = st.integers(0, MOST_DEALS - 1)
amounts = st.sampled_from([None, 0.0, 10.5, 1000.0, 99_999.99])
stages = st.sampled_from(["Closed Won", "Closed Won", "Prospecting", "Closed Lost"])


class Crash(BaseException):
    """The process dies here."""


def impatient(connection: Connection, *, stop_at_usage: float = 0.9) -> SalesforceClient:
    return SalesforceClient(
        access_to(connection),
        stop_at_usage=stop_at_usage,
        limits=TimeLimits(connect=5, read=20, total=20),
        sleep=lambda seconds: None,
    )


class Beginning:
    """An org with a few people, and a company that follows it: made once, for all histories."""

    def __init__(self, org: DemoOrg) -> None:
        self.org, self.clock = org, org.store.clock
        company = Company.objects.create(
            name="Maventech", slug="maventech", time_zone="America/Chicago", currency="USD"
        )
        connection = connected(company, org)
        self.people = {name: rep(org, name) for name in PEOPLE}
        refresh_users(connection)
        self.ann = account(connection, self.people["Ann"])
        since = org.today() - A_WHILE
        self.moves = switched_on(connection, since=since)
        self.stays = switched_on(connection, "opportunity-created", since=since)


class History(RuleBasedStateMachine):
    """What happens in the org and here; in the end all of it is undone."""

    beginning: Beginning

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block._from_testcase = True  # type: ignore[attr-defined] # the token store's is inside
        self.block.__enter__()
        self.org, self.people = self.beginning.org, self.beginning.people
        self.org.api_calls = 0
        self.org.store.clock = self.beginning.clock
        self.now = self.org.store.now()  # as the answers' dates say it, too
        self.org.store.clock = lambda: self.now
        self.connection = Connection.objects.get()
        self.moves = Workflow.objects.get(pk=self.beginning.moves.pk)
        self.stays = Workflow.objects.get(pk=self.beginning.stays.pk)
        self.users: dict[str, User] = {"Ann": self.beginning.ann}
        self.deals: list[Row] = []
        self.owned_by: dict[str, set[str]] = {}

    @initialize(threshold=st.sampled_from([None, 100]))
    def begin(self, threshold: int | None) -> None:
        if threshold:
            self._demand(threshold)

    # -- Salesforce

    @precondition(lambda self: len(self.deals) < MOST_DEALS)
    @rule(owner=people, stage=stages, amount=amounts, late=st.booleans())
    def a_deal_is_made(self, owner: str, stage: str, amount: float | None, late: bool) -> None:
        stamp = self.now - timedelta(seconds=300 if late else 0)
        made = deal(
            self.org,
            self.people[owner],
            StageName=stage,
            Amount=amount,
            CreatedDate=stamp,
            LastModifiedDate=stamp,
        )
        self.deals.append(made)
        self.owned_by[made["Id"]] = {owner}

    @precondition(lambda self: self.deals)
    @rule(which=which, stage=stages, amount=amounts)
    def a_deal_changes(self, which: int, stage: str, amount: float | None) -> None:
        self._update(which, StageName=stage, Amount=amount)

    @precondition(lambda self: self.deals)
    @rule(which=which, owner=people)
    def a_deal_gets_another_owner(self, which: int, owner: str) -> None:
        changed = self._update(which, OwnerId=self.people[owner]["Id"])
        self.owned_by[changed["Id"]].add(owner)

    @precondition(lambda self: self.deals)
    @rule(which=which, deleted=st.booleans())
    def a_deal_is_deleted_or_comes_back(self, which: int, deleted: bool) -> None:
        self._update(which, IsDeleted=deleted)

    @precondition(lambda self: self.deals)
    @rule(which=which, private=st.booleans())
    def a_deal_becomes_private_or_public(self, which: int, private: bool) -> None:
        self._update(which, IsPrivate=private)

    @rule(seconds=st.sampled_from([0, 1, 1, 60, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # -- here

    @rule(name=people)
    def somebody_is_mapped(self, name: str) -> None:
        if name not in self.users:
            self.users[name] = account(self.connection, self.people[name])
        elif not self._mapping(name).exists():
            map_to(self.connection, self.people[name], self.users[name])
            DirectoryUser.objects.filter(salesforce_id=self.people[name]["Id"]).update(
                unlinked_at=None, unlinked_from=None
            )

    @rule(name=people)
    def somebody_is_unlinked(self, name: str) -> None:
        if self._mapping(name).exists():
            self._mapping(name).delete()
            DirectoryUser.objects.filter(salesforce_id=self.people[name]["Id"]).update(
                unlinked_at=timezone.now(), unlinked_from=self.users[name]
            )

    @rule(name=people, state=st.sampled_from(list(User.State)))
    def an_account_changes_its_state(self, name: str, state: User.State) -> None:
        if name in self.users:
            User.objects.filter(pk=self.users[name].pk).update(state=state)

    @rule(name=people, ignored=st.booleans())
    def somebody_is_ignored_or_not(self, name: str, ignored: bool) -> None:
        DirectoryUser.objects.filter(salesforce_id=self.people[name]["Id"]).update(
            ignored_at=timezone.now() if ignored else None
        )

    @rule(threshold=st.sampled_from([None, 0, 100]))
    def the_workflow_changes(self, threshold: int | None) -> None:
        self._demand(threshold)

    @rule()
    def a_poll(self) -> None:
        polling.poll(self.connection.pk)

    @rule(
        fault=st.sampled_from(FAULTS),
        after=st.integers(0, 4),
        times=st.sampled_from([1, 2, 9]),
        pages=st.sampled_from(["1", "2", "3"]),
    )
    def a_poll_in_trouble(self, fault: str, after: int, times: int, pages: str) -> None:
        self.org.faults.break_it("small_pages", value=pages)
        self.org.faults.break_it(fault, times=times, after=after)
        polling.poll(self.connection.pk)
        self.org.faults.mend_everything()
        self.connection.refresh_from_db()
        if self.connection.state == Connection.State.RECONNECT_REQUIRED:
            # Fresh tokens were refused as well: from then on a person is needed.
            assert (fault, times > 1) == ("token_expired", True)
            log_in(self.connection, self.org)

    @rule(after=st.integers(0, 3))
    def a_poll_that_dies(self, after: int) -> None:
        self.org.faults.break_it("small_pages", value="2")
        self._dying(polling._Poll, "_move", after, lambda: polling.poll(self.connection.pk))
        self.org.faults.mend_everything()

    @rule(after=st.integers(0, 3))
    def a_backfill_that_dies_and_goes_on(self, after: int) -> None:
        self.org.faults.break_it("small_pages", value="2")
        run = request_backfill(self.connection, "Opportunity", self.org.today() - A_WHILE, by=None)
        self._dying(runs.Round, "add", after, lambda: backfilling.backfill(run.pk))
        self.org.faults.mend_everything()
        backfilling.backfill(run.pk)

    @rule()
    def a_comparison(self) -> None:
        run = request_reconcile(self.connection, "Opportunity", by=None)
        reconcile(run.pk)

    # -- in the end

    def teardown(self) -> None:
        try:
            self._ends_right()
        finally:
            self.org.faults.mend_everything()
            for grant in self.org.authority.grants:
                grant.revoked = False  # a new log-in ended the access that all histories begin with
            for one in self.deals:
                self.org.update("Opportunity", one["Id"], IsDeleted=True)
                self.org.store.purge("Opportunity", one["Id"])
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def _ends_right(self) -> None:
        polling.poll(self.connection.pk)
        self.connection.refresh_from_db()
        assert self.connection.state == Connection.State.CONNECTED
        for one in self.deals:
            for workflow in (self.moves, self.stays):
                self._check(self._now(one), workflow.pk)
        before = written()
        polling.poll(self.connection.pk)
        assert written() == before, "syncing again wrote something"

    def _check(self, one: Row, workflow: int) -> None:
        key = f"salesforce:{self.org.org_id}:{one['Id']}:{workflow}"
        report = ActivityReport.objects.filter(source_key=key).first()
        is_live = report is not None and report.retracted_at is None
        said = Evaluation.objects.filter(record__record_id=one["Id"], workflow=workflow).first()
        if not self._counts(one, workflow):
            assert not is_live, f"{one['Id']} does not count"
            return
        person = load_people(self.connection, [one["OwnerId"]])[one["OwnerId"]]
        if not person.hold:
            assert is_live, f"{person.name}'s {one['Id']} is missing"
        elif report is None:
            assert said is not None
            assert said.hold == person.hold
        if not is_live:
            return
        assert report is not None
        if workflow == self.moves.pk:
            assert report.value == Decimal(str(one["Amount"] or 0))
            if not person.hold:
                assert report.user_id == person.account_id
            assert report.user_id != person.unlinked_from, "unlinked, and reported all the same"
        owners = {self.users[name].pk for name in self.owned_by[one["Id"]] if name in self.users}
        assert report.user_id in owners

    def _counts(self, one: Row, workflow: int) -> bool:
        if one["IsDeleted"] or one["IsPrivate"]:
            return False
        if workflow == self.stays.pk:
            return True
        amount, threshold = one["Amount"], self.threshold
        enough = threshold is None or (amount is not None and amount >= threshold)
        return one["StageName"] == "Closed Won" and enough

    threshold: int | None = None

    def _demand(self, threshold: int | None) -> None:
        self.threshold = threshold
        conditions = [workflows.Condition("IsWon", "equals", True)]
        if threshold is not None:
            conditions.append(workflows.Condition("Amount", "at_least", threshold))
        self.moves.refresh_from_db()
        workflows.change(self.moves, conditions, by=None)

    def _update(self, which: int, **values: Any) -> Row:
        one = self.deals[which % len(self.deals)]
        return self.org.update("Opportunity", one["Id"], **values)

    def _now(self, one: Row) -> Row:
        return cast(Row, self.org.store.get("Opportunity", one["Id"]))

    def _mapping(self, name: str) -> Any:
        return UserMapping.objects.filter(salesforce_user_id=self.people[name]["Id"])

    def _dying(self, kind: type, name: str, after: int, work: Callable[[], Any]) -> None:
        """Do the work, in which the process dies when it comes to this method once more."""
        whole, left = getattr(kind, name), after

        def dies(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            result = whole(*args, **kwargs)
            if left < 0:
                raise Crash
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, name, dies)
            with contextlib.suppress(Crash):
                work()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    monkeypatch.setattr(polling, "client_for", impatient)
    monkeypatch.setattr(runs, "client_for", impatient)


@pytest.fixture
def beginning(db: None, quick: None, org: DemoOrg) -> None:
    History.beginning = Beginning(org)


def run_histories(number: int) -> None:
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=number,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.usefixtures("beginning")
def test_any_history_ends_right() -> None:
    run_histories(50 if os.environ.get("CI") else 15)


@pytest.mark.nightly
@pytest.mark.usefixtures("beginning")
def test_a_thousand_histories_end_right() -> None:
    run_histories(1_000)
