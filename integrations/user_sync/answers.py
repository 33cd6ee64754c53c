"""Which answers to the conflicts of a plan cannot work, and why: said before anybody presses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models.functions import Lower

from accounts.models import User
from integrations.models import DirectoryUser, PlannedChange, SyncPlan, UserMapping

from .candidates import folded
from .matching import why_unusable

Action = PlannedChange.Action


class Answers:
    """The answers to these rows, read in as many queries for a page of them as for one."""

    def __init__(self, plan: SyncPlan, rows: Sequence[PlannedChange]) -> None:
        self._plan = plan
        self._emails = dict(
            DirectoryUser.objects.filter(
                connection=plan.connection_id,
                salesforce_id__in={row.salesforce_user_id for row in rows},
            ).values_list("salesforce_id", "email")
        )
        accounts = {one["account_id"] for row in rows for one in row.candidates}
        self._read_holders()
        self._read_mappings(accounts)
        self._read_rivals({row.person_email for row in rows}, accounts)

    def why_not_create(self, row: PlannedChange) -> str:
        """Empty where an account of their own can be made for the person."""
        email = self._emails.get(row.salesforce_user_id, "")
        if unusable := why_unusable(email):
            return f"The e-mail of {row.person_name} in Salesforce {unusable}."
        if holder := self._holders.get(folded(email)):
            return (
                f"{holder} already has this e-mail, and nobody else can. Change one of the two"
                " addresses, map to that account, or ignore this person."
            )
        for rival in self._made[row.person_email]:
            if rival.pk != row.pk:
                return f"{rival.person_name} gets an account with this e-mail here, too."
        return ""

    def why_not_map(self, row: PlannedChange, account_id: int, name: str) -> str:
        """Empty where the person can be mapped to this account, which is called ``name``."""
        taken = self._mapped_to.get(account_id)
        if taken and taken != row.salesforce_user_id:
            other = self._names.get(taken, taken)
            return f"{name} is mapped to another Salesforce user, {other}. Unmap them first."
        for rival in self._mapped[account_id]:
            if rival.pk != row.pk:
                return f"{rival.person_name} is mapped to {name} here already."
        return ""

    def _read_holders(self) -> None:
        holders = User.objects.holding_address().annotate(address=Lower("email"))
        found = holders.filter(
            company=self._plan.company_id,
            address__in={folded(email) for email in self._emails.values()},
        )
        self._holders = {folded(one.email): one for one in found.defer("search")}

    def _read_mappings(self, accounts: set[int]) -> None:
        connection = self._plan.connection_id
        self._mapped_to = dict(
            UserMapping.objects.filter(
                connection=connection, account__in=accounts, is_current=True
            ).values_list("account_id", "salesforce_user_id")
        )
        self._names = dict(
            DirectoryUser.objects.filter(
                connection=connection, salesforce_id__in=self._mapped_to.values()
            ).values_list("salesforce_id", "name")
        )

    def _read_rivals(self, addresses: set[str], accounts: set[int]) -> None:
        """Rows of the same plan that take the address, or the account, already."""
        self._made: dict[str, list[PlannedChange]] = defaultdict(list)
        self._mapped: dict[int | None, list[PlannedChange]] = defaultdict(list)
        included = self._plan.changes.filter(included=True).only(
            "person_name", "person_email", "account_id"
        )
        for row in included.filter(action=Action.CREATE, person_email__in=addresses):
            self._made[row.person_email].append(row)
        for row in included.filter(action=Action.MAP, account__in=accounts):
            self._mapped[row.account_id].append(row)
