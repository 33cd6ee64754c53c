"""Some rows of a plan, claimed and locked in one transaction, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.db.models.functions import Lower
from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts import audit
from accounts.models import AuditEntry, Team, User
from accounts.seats import lock_seats
from integrations.models import DirectoryUser, PlannedChange, SyncPlan

from .candidates import folded

Outcome = PlannedChange.Outcome
#: What a difference in a basis is called, by its key.
Words = Mapping[str, str]

NO_SEAT = "All seats of the company are taken."
LAST_ADMIN = "The last company admin is never deactivated."
OWN_ACCOUNT = "Nobody deactivates their own account: another admin must approve this."


@dataclass
class Result:
    outcome: str
    note: str = ""
    account: User | None = None
    before: dict[str, Any] | None = None

    def columns(self) -> tuple[Any, ...]:
        """For `_WRITE_RESULTS`; what is ``None`` stays as the row has it."""
        return (
            self.outcome,
            self.note,
            self.account.pk if self.account else None,
            str(self.account)[:254] if self.account else None,
            Jsonb(self.before) if self.before is not None else None,
        )


class Batch:
    """Everything that one transaction needs of its rows, read in a few queries.

    The locks are taken in one order everywhere: company, rows, people, accounts.
    """

    def __init__(self, plan: SyncPlan, changes: Sequence[PlannedChange], free: int | None) -> None:
        self.plan = plan
        self.changes = changes
        self.free_seats = free
        self.people = self._locked_people()
        self.accounts = self._locked_accounts()
        self.team_ids = self._existing_teams()
        self.results: dict[int, Result] = {}
        self.entries: list[AuditEntry] = []
        self.now = timezone.now()

    @classmethod
    def claim(cls, plan: SyncPlan, limit: int) -> Batch | None:
        """The next waiting rows that no other worker has in hand; ``None`` when there are none."""
        free = lock_seats(plan.company).free
        rows = list(_waiting(plan).order_by("position")[:limit])
        return cls(plan, rows, free) if rows else None

    @classmethod
    def claim_one(cls, plan: SyncPlan, change_id: int) -> Batch | None:
        free = lock_seats(plan.company).free
        rows = list(_waiting(plan).filter(pk=change_id))
        return cls(plan, rows, free) if rows else None

    def with_action(self, *actions: PlannedChange.Action) -> list[PlannedChange]:
        """The rows with one of these actions that have no outcome yet."""
        return [
            change
            for change in self.changes
            if change.action in actions and change.pk not in self.results
        ]

    def settle(
        self,
        change: PlannedChange,
        outcome: str,
        note: str = "",
        *,
        account: User | None = None,
        before: dict[str, Any] | None = None,
    ) -> None:
        self.results[change.pk] = Result(outcome, note, account, before)

    def has_team(self, team_id: int) -> bool:
        return team_id in self.team_ids

    def take_seat(self) -> bool:
        """Whether there was a free one."""
        if self.free_seats is None:
            return True
        if self.free_seats <= 0:
            return False
        self.free_seats -= 1
        return True

    def may_reopen(
        self, change: PlannedChange, account: User, state: str = User.State.ACTIVE
    ) -> bool:
        """Whether a deactivated account can have this state again; else the row says why not.

        It has its address then, and a seat where it needs one.
        """
        address = folded(account.email)
        if self._holders.get(address, account.pk) != account.pk:
            self.settle(change, Outcome.LEFT, f"Another account has {account}'s e-mail now.")
            return False
        if state == User.State.ACTIVE and not self.take_seat():
            self.settle(change, Outcome.NO_SEAT, NO_SEAT)
            return False
        self._holders[address] = account.pk
        return True

    @cached_property
    def _holders(self) -> dict[str, int]:
        """Which account has each of the batch's addresses; asked for only where one reopens."""
        holders: models.QuerySet[User] = (
            User.objects.holding_address()
            .filter(company=self.plan.company_id)
            .alias(address=Lower("email"))
            .filter(address__in={folded(account.email) for account in self.accounts.values()})
        )
        return {folded(email): pk for email, pk in holders.values_list("email", "pk")}

    def leave_the_approver(self, rows: Sequence[PlannedChange]) -> None:
        """Of rows that end somebody's access, the one of who approved it is not applied."""
        for row in rows:
            if row.account_id is not None and row.account_id == self.plan.approved_by_id:
                self.settle(row, Outcome.LEFT, OWN_ACCOUNT)

    def has_admin_besides(self, accounts: Collection[int]) -> bool:
        """Whether an active company admin is left when these accounts lose their access."""
        admins: models.QuerySet[User] = User.objects.active_admins()
        return admins.filter(company=self.plan.company_id).exclude(pk__in=accounts).exists()

    def expect(
        self, rows: Sequence[PlannedChange], now: Mapping[int, Mapping[str, Any]], words: Words
    ) -> list[PlannedChange]:
        """The rows whose basis is still true; the others say what changed, and are not applied.

        ``now`` is the basis as it would be today by row, ``words`` what a difference is called.
        """
        standing = []
        for row in rows:
            basis = now[row.pk]
            differing = [words[key] for key in row.basis if row.basis[key] != basis[key]]
            if differing:
                note = f"Since the preview: {'; '.join(differing)}."
                self.settle(row, Outcome.CHANGED, note)
            else:
                standing.append(row)
        return standing

    def log(self, action: str, account: User, **values: Any) -> None:
        """An audit entry about an account, written with the batch."""
        self.entries.append(
            audit.entry(
                action,
                account,
                by=self.plan.approved_by,
                before=values.get("before"),
                after={"plan": self.plan.pk, **values.get("after", {})},
            )
        )

    def write(self) -> None:
        """The outcomes, each once, in one statement; and the audit entries."""
        rows = [(change.pk, *self.results[change.pk].columns()) for change in self.changes]
        with connection.cursor() as cursor:
            cursor.execute(
                _WRITE_RESULTS, [self.now, *(list(column) for column in zip(*rows, strict=True))]
            )
        audit.record_many(self.entries)

    def _locked_people(self) -> dict[str, DirectoryUser]:
        people = (
            DirectoryUser.objects.select_for_update(no_key=True)
            .filter(
                connection=self.plan.connection_id,
                salesforce_id__in=[change.salesforce_user_id for change in self.changes],
            )
            .order_by("salesforce_id")  # the order of the refresh
            .defer("search")
        )
        return {person.salesforce_id: person for person in people}

    def _locked_accounts(self) -> dict[int, User]:
        ids = {change.account_id for change in self.changes} - {None}
        ids |= {change.values.get("give_up") for change in self.changes} - {None}
        if not ids:
            return {}
        accounts: models.QuerySet[User] = User.objects.filter(
            company=self.plan.company_id, pk__in=ids
        )
        return accounts.order_by("pk").select_for_update().defer("search").in_bulk()

    def _existing_teams(self) -> set[int]:
        ids = {change.values.get("team_id") for change in self.changes} - {None}
        for change in self.changes:
            ids |= set(change.values.get("account", {}).get("team_id", ())) - {None}
        if not ids:
            return set()
        teams = Team.objects.filter(company=self.plan.company_id, pk__in=ids)
        return set(teams.values_list("pk", flat=True))


def _waiting(plan: SyncPlan) -> models.QuerySet[PlannedChange]:
    return plan.changes.filter(outcome=Outcome.WAITING, included=True).select_for_update(
        skip_locked=True, of=("self",)
    )


_WRITE_RESULTS = """
    UPDATE integrations_plannedchange AS change
    SET applied_at = %s,
        outcome = result.outcome,
        outcome_note = result.note,
        account_id = COALESCE(result.account_id, change.account_id),
        account_name = COALESCE(result.account_name, change.account_name),
        before = COALESCE(result.before, change.before)
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::jsonb[])
        AS result (id, outcome, note, account_id, account_name, before)
    WHERE change.id = result.id
"""
