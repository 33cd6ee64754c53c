"""The org of the random histories: what happens in it, and what must be true here in the end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from accounts.models import Company, User
from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.store import Row
from integrations.models import Connection, DirectoryUser, Evaluation, UserMapping, Workflow
from integrations.record_sync import polling, workflows
from integrations.record_sync.people import load_people

from .conftest import connected
from .world import account, deal, map_to, refresh_users, rep, switched_on, written

Says = Evaluation.Verdict
PEOPLE = ("Ann", "Bob", "Cleo", "Dan")
MOST_DEALS = 8
#: So long ago nothing had happened yet; a comparison asks for each month since.
A_WHILE = timedelta(days=40)

people = st.sampled_from(PEOPLE)
which = st.integers(0, MOST_DEALS - 1)
amounts = st.sampled_from([None, 0.0, 10.5, 1000.0, 99_999.99])
stages = st.sampled_from(["Closed Won", "Closed Won", "Prospecting", "Closed Lost"])


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


class OrgHistory(RuleBasedStateMachine):
    """What happens in the org and to its people here; in the end all of it is undone."""

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
            self.demand(threshold)

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

    # -- its people here

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

    def demand(self, threshold: int | None) -> None:
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
