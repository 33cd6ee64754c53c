"""What admins do to mappings by hand, in the random histories of a company."""

from __future__ import annotations

from contextlib import nullcontext, suppress

from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.models import User
from integrations.user_sync import combining, manual, mapping_csv, returning
from integrations.user_sync.errors import PlanError

from .company_history import ADDRESSES, CompanyHistory, crashing

CSV_HEADING = "Salesforce user id,Account e-mail\n"


class ActsByHand(CompanyHistory):
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

    @rule(
        former=st.integers(0, 11), new=st.integers(0, 11), back=st.booleans(), crashes=st.booleans()
    )
    def somebody_returns(self, former: int, new: int, back: bool, crashes: bool) -> None:
        old, young = self.chosen({former}).first(), self.chosen({new}).first()
        if old is None or young is None:
            return
        before = self.snapshot()
        ids = {"former_id": old.salesforce_id, "new_id": young.salesforce_id}
        try:
            with crashing() if crashes else nullcontext():
                plan = returning.move(self.connection, **ids, by=self.dana)
        except PlanError:
            return
        self.work_off(plan)
        if back:
            self.revert_at_once(plan, before)

    @rule(
        keep=st.sampled_from(ADDRESSES),
        give_up=st.sampled_from(ADDRESSES),
        back=st.booleans(),
        crashes=st.integers(0, 1),
    )
    def two_accounts_are_combined(self, keep: str, give_up: str, back: bool, crashes: int) -> None:
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
        self.apply(plan, crashes)
        if back:
            self.revert_at_once(plan, before)

    @rule(number=st.integers(0, 11), email=st.sampled_from(ADDRESSES), crashes=st.integers(0, 1))
    def mappings_come_as_csv(self, number: int, email: str, crashes: int) -> None:
        someone = self.chosen({number}).first()
        if someone is None:
            return
        before = self.snapshot()
        line = mapping_csv.csv_line((someone.salesforce_id, email))
        try:
            plan = mapping_csv.plan_csv(self.connection, CSV_HEADING + line, by=self.dana)
        except PlanError:
            assert self.snapshot() == before
            return
        self.apply(plan, crashes)
        self.revert_at_once(plan, before)
