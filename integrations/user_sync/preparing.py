"""Plans about very many people are made by the worker, so that no page waits for them.

``plan_…`` here are for pages: they answer with a draft, or, for more than `AT_ONCE` people, with a
plan that is *being prepared*. ``prepare(plan_id)`` is the worker's part. Who was chosen is kept
with the plan; what is decided about them is decided when their rows are made.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Unpack

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Max, QuerySet
from django_q.tasks import async_task

from accounts.models import User
from integrations import leases
from integrations.leases import HeldLease, LeaseLost, LeaseTaken, held_lease
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan

from . import late_teams, planning, reverting
from .errors import PlanError
from .plan_rows import CHUNK, Decider, ignore_row, save_decided, save_rows, stop_ignoring_row
from .planning import HowToImport
from .progress import beat

logger = logging.getLogger(__name__)

#: So many people are decided about within a page's own request: a second or two.
AT_ONCE = 1_000
ATTEMPTS = 5
#: Well below the queue's time limit for a task: what is left is taken up again by itself.
LONGEST_SECONDS = 300.0
PREPARE_TASK = "integrations.tasks.prepare_plan"

Kind = SyncPlan.Kind
#: Other kinds are made anew from where they began: a list, a rule, the page of an account.
PLANNED_AGAIN = (Kind.IMPORT, Kind.IGNORE, Kind.STOP_IGNORING)
State = SyncPlan.State
People = QuerySet[DirectoryUser]


def plan_import(
    connection: Connection, people: People, *, by: User | None, **how: Unpack[HowToImport]
) -> SyncPlan:
    """Raises `PlanError` like `planning.plan_import`."""
    if not _are_many(people):
        return planning.plan_import(connection, people, by=by, **how)
    return _left_to_worker(planning.new_import(connection, by=by, **how), people)


def plan_ignore(
    connection: Connection, people: People, *, by: User | None, reason: str = ""
) -> SyncPlan:
    if not _are_many(people):
        return planning.plan_ignore(connection, people, by=by, reason=reason)
    plan = planning.new_plan(connection, Kind.IGNORE, by=by)
    return _left_to_worker(plan, people, reason=reason)


def plan_stop_ignoring(connection: Connection, people: People, *, by: User | None) -> SyncPlan:
    if not _are_many(people):
        return planning.plan_stop_ignoring(connection, people, by=by)
    return _left_to_worker(planning.new_plan(connection, Kind.STOP_IGNORING, by=by), people)


def plan_again(plan: SyncPlan, outcomes: Sequence[str], *, by: User | None) -> SyncPlan:
    """The same for the people whose rows ended so, once it is done. Raises `PlanError`."""
    if plan.kind not in PLANNED_AGAIN:
        raise PlanError("Only imports, and who is ignored, are planned again from here.")
    if plan.state != State.DONE:
        raise PlanError("This change is not done yet: its rows may still be applied.")
    people = planning.people_of(plan, outcomes)
    if plan.kind == Kind.IGNORE:
        return plan_ignore(plan.connection, people, by=by)
    if plan.kind == Kind.STOP_IGNORING:
        return plan_stop_ignoring(plan.connection, people, by=by)
    return plan_import(plan.connection, people, by=by, **planning.how_imported(plan))


def plan_revert(plan: SyncPlan, *, by: User | None, ignore: bool = False) -> SyncPlan:
    """Raises `PlanError` like `reverting.plan_revert`."""
    number = plan.changes.filter(outcome=PlannedChange.Outcome.DONE).count()
    if number <= AT_ONCE:
        return reverting.plan_revert(plan, by=by, ignore=ignore)
    with transaction.atomic():
        return _queued(reverting.new_revert(plan, by=by), number, ignore=ignore)


def plan_joining(plan: SyncPlan, *, by: User) -> SyncPlan:
    """Raises `NobodyLeft` like `late_teams.plan_joining`."""
    number = late_teams.to_join(plan)
    if number <= AT_ONCE:
        return late_teams.plan_joining(plan, by=by)
    joining = planning.new_plan(plan.connection, Kind.ATTRIBUTES, by=by)
    joining.team_source = SyncPlan.TeamSource.NONE
    return _queued(joining, number, imported=plan.pk)


def _are_many(people: People) -> bool:
    return people.order_by()[: AT_ONCE + 1].count() > AT_ONCE


def _left_to_worker(plan: SyncPlan, people: People, **also: str) -> SyncPlan:
    ids = list(people.values_list("pk", flat=True))
    if people.exclude(connection=plan.connection_id).exists():
        raise PlanError("These people belong to another connection.")
    return _queued(plan, len(ids), people=ids, **also)


@transaction.atomic
def _queued(plan: SyncPlan, number: int, **choice: Any) -> SyncPlan:
    plan.state, plan.choice = State.PREPARING, {"number": number, **choice}
    plan.save()
    async_task(PREPARE_TASK, plan.pk)
    return plan


def prepare(plan_id: int) -> None:
    """Make the rows that are still missing. Can be called any number of times, by anybody."""
    try:
        with held_lease(leases.of_plan(plan_id)) as lease:
            _Preparation(plan_id, lease).run()
    except (LeaseTaken, LeaseLost):
        logger.info("plan %s is in another worker's hands", plan_id)
    except (OperationalError, InterfaceError):
        # The database went away. The plan is taken up again when it is back.
        logger.warning("preparing plan %s was interrupted", plan_id, exc_info=True)
        connection.close()


class _Preparation:
    def __init__(self, plan_id: int, lease: HeldLease) -> None:
        self.preparing = SyncPlan.objects.filter(pk=plan_id, state=State.PREPARING)
        self.lease = lease
        self.deadline = time.monotonic() + LONGEST_SECONDS

    def run(self) -> None:
        """Count the attempt before anything can go wrong in it."""
        self.preparing.filter(attempts__gte=ATTEMPTS).update(
            state=State.DISCARDED,
            choice=None,
            problem=f"The worker was interrupted {ATTEMPTS} times. Nothing was changed: choose"
            " the people again, and tell support when it happens again.",
        )
        self.preparing.update(attempts=F("attempts") + 1)
        plan = self.preparing.select_related("company", "connection", "team", "created_by").first()
        if plan is None or plan.choice is None:
            return
        if plan.kind == Kind.REVERT:
            ignore = plan.choice["ignore"]
            self._in_one_piece(lambda: reverting.save_revert_rows(plan, ignore=ignore))
        elif plan.kind == Kind.ATTRIBUTES:
            imported = SyncPlan.objects.get(pk=plan.choice["imported"])
            self._in_one_piece(lambda: save_decided(plan, late_teams.joining_rows(imported)))
        else:
            self._decide(plan, plan.choice)

    def _decide(self, plan: SyncPlan, choice: dict[str, Any]) -> None:
        """Chunk by chunk, each in a transaction, from the first without rows."""
        ids: list[int] = choice["people"]
        decider = _decider(plan, choice)
        done: int = plan.changes.aggregate(last=Max("position"))["last"] or 0
        for start in range(done, len(ids), CHUNK):
            if time.monotonic() > self.deadline:
                return
            beat()
            found = DirectoryUser.objects.defer("search").in_bulk(ids[start : start + CHUNK])
            people = [found[pk] for pk in ids[start : start + CHUNK] if pk in found]
            with transaction.atomic():
                if not self._is_wanted():
                    return
                save_rows(plan, people, decider, after=start)
                self.preparing.update(attempts=0)
                self.lease.confirm()
        with transaction.atomic():
            if self._is_wanted():
                self._finish()
                planning.ask_where_one_account_fits_two(plan)

    def _in_one_piece(self, save_rows: Callable[[], None]) -> None:
        """Of a revert, what cannot be undone comes first: the order is known at the end only."""
        beat()
        with transaction.atomic():
            if self._is_wanted():
                save_rows()
                self._finish()

    def _is_wanted(self) -> bool:
        """Whether nobody has discarded it; locked until the transaction ends."""
        return self.preparing.select_for_update(no_key=True).exists()

    def _finish(self) -> None:
        self.preparing.update(state=State.DRAFT, choice=None, attempts=0)
        self.lease.confirm()


def _decider(plan: SyncPlan, choice: dict[str, Any]) -> Decider:
    if plan.kind == Kind.IMPORT:
        return planning.import_decider(plan)
    if plan.kind == Kind.IGNORE:
        return Decider(lambda facts: ignore_row(facts, choice.get("reason", "")))
    return Decider(stop_ignoring_row)
