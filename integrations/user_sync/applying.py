"""Applying an approved plan: batch by batch, each in a transaction, by one worker at a time.

Killed anywhere, another start goes on with the rows that have no outcome yet. A row's outcome and
what it did are committed together, so no row is applied twice.
"""

from __future__ import annotations

import logging
import time
from enum import Enum, auto
from itertools import count

from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts import audit
from integrations import leases
from integrations.leases import HeldLease, LeaseLost, LeaseTaken, held_lease
from integrations.models import PlannedChange, SyncPlan

from . import statistics
from .batch import Batch
from .combined import combine_and_separate
from .ignoring import ignore_and_stop_ignoring
from .importing import create_and_map
from .inviting import send_invitations
from .linking import link
from .progress import beat
from .suspending import suspend_and_reactivate
from .undoing import undo
from .updating import update

logger = logging.getLogger(__name__)

BATCH = 500
ATTEMPTS = 5
#: Well below the queue's time limit for a task: what is left is taken up again by itself.
LONGEST_SECONDS = 300.0

State = SyncPlan.State
Outcome = PlannedChange.Outcome
EFFECTS = (
    create_and_map,
    ignore_and_stop_ignoring,
    suspend_and_reactivate,
    update,
    link,
    combine_and_separate,
    undo,
)


class Ended(Enum):
    """How one call of `apply_plan` ended."""

    DONE = auto()
    STOPPED = auto()  # a person asked for it, or nobody approved the plan
    NOT_MINE = auto()  # another worker has it
    INTERRUPTED = auto()  # it goes on by itself
    NEEDS_A_PERSON = auto()


def apply_plan(plan_id: int) -> Ended:
    """Apply what is left of an approved plan. Can be called any number of times, by anybody."""
    try:
        with held_lease(leases.of_plan(plan_id)) as lease:
            return _Application(plan_id, lease).run()
    except (LeaseTaken, LeaseLost):
        logger.info("plan %s is in another worker's hands", plan_id)
        return Ended.NOT_MINE
    except (OperationalError, InterfaceError):
        # The database went away. The plan is taken up again when it is back.
        logger.warning("plan %s was interrupted", plan_id, exc_info=True)
        connection.close()
        return Ended.INTERRUPTED


class _Application:
    """One worker's work on one plan."""

    def __init__(self, plan_id: int, lease: HeldLease) -> None:
        self.plan_id = plan_id
        self.lease = lease
        self.deadline = time.monotonic() + LONGEST_SECONDS

    def run(self) -> Ended:
        plan = self._start()
        if plan is None:
            return self._not_started()
        self._settle_idle_rows(plan)
        for number in count(1):
            if self._stop_requested():
                return self._end(State.STOPPED)
            if time.monotonic() > self.deadline:
                return Ended.INTERRUPTED
            beat()
            if self._apply_batch(plan) < BATCH:
                break
            statistics.renew_after_batch(number)
        if self._rows_left(plan):
            return Ended.INTERRUPTED  # locked by a worker that is about to find its lease lost
        if plan.send_invitations and not send_invitations(plan, self.lease, self.deadline):
            return Ended.INTERRUPTED
        return self._end(State.DONE)

    def _start(self) -> SyncPlan | None:
        """Count the attempt before anything can go wrong in it."""
        started = SyncPlan.objects.filter(
            pk=self.plan_id, state__in=SyncPlan.STATES_UNDER_WAY, attempts__lt=ATTEMPTS
        ).update(
            state=State.APPLYING,
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", Now()),
        )
        if not started:
            return None
        return SyncPlan.objects.select_related("company", "connection", "approved_by").get(
            pk=self.plan_id
        )

    def _not_started(self) -> Ended:
        gave_up = SyncPlan.objects.filter(
            pk=self.plan_id, state__in=SyncPlan.STATES_UNDER_WAY, attempts__gte=ATTEMPTS
        ).update(
            state=State.NEEDS_A_PERSON,
            problem=f"The worker was interrupted {ATTEMPTS} times without getting any further."
            " Every row that says “Done” is done. Choose Continue to go on; when it happens"
            " again, tell support.",
        )
        if not gave_up:
            return Ended.STOPPED
        logger.error("plan %s needs a person after %s attempts", self.plan_id, ATTEMPTS)
        return Ended.NEEDS_A_PERSON

    def _settle_idle_rows(self, plan: SyncPlan) -> None:
        """Rows that change nothing say so, instead of waiting for ever."""
        unticked = Q(included=False)
        with transaction.atomic():
            plan.changes.filter(outcome=Outcome.WAITING).filter(
                unticked | Q(action__in=PlannedChange.IDLE_ACTIONS)
            ).update(
                outcome=Outcome.LEFT,
                applied_at=timezone.now(),
                outcome_note=Case(
                    When(unticked, then=Value("Unticked.")),
                    When(action=PlannedChange.Action.CONFLICT, then=Value("Nobody decided.")),
                    default=F("reason"),
                    output_field=TextField(),
                ),
            )
            self.lease.confirm()

    def _apply_batch(self, plan: SyncPlan) -> int:
        """How many rows there were to apply: a full batch may not be the last one."""
        claimed: list[int] = []
        try:
            with transaction.atomic():
                batch = Batch.claim(plan, BATCH)
                if batch is None:
                    return 0
                claimed = [change.pk for change in batch.changes]
                self._apply(batch)
        except (LeaseLost, OperationalError, InterfaceError):
            raise
        except Exception:
            if not claimed:
                raise
            logger.warning("plan %s: a batch failed, going on row by row", plan.pk, exc_info=True)
            self._apply_one_by_one(plan, claimed)
        return len(claimed)

    def _apply(self, batch: Batch) -> None:
        for effect in EFFECTS:
            effect(batch)
        batch.write()
        self.lease.confirm()
        SyncPlan.objects.filter(pk=batch.plan.pk).update(attempts=0)

    def _apply_one_by_one(self, plan: SyncPlan, change_ids: list[int]) -> None:
        for change_id in change_ids:
            try:
                with transaction.atomic():
                    if batch := Batch.claim_one(plan, change_id):
                        self._apply(batch)
            except (LeaseLost, OperationalError, InterfaceError):
                raise
            except Exception as error:
                logger.exception("plan %s: row %s failed", plan.pk, change_id)
                self._fail(change_id, error)

    def _fail(self, change_id: int, error: Exception) -> None:
        if isinstance(error, IntegrityError):
            note = "Somebody changed the same account or person at the same moment. Retry it."
        else:
            note = "Something unexpected went wrong; nothing of this row was changed. Retry it."
        with transaction.atomic():
            PlannedChange.objects.filter(pk=change_id, outcome=Outcome.WAITING).update(
                outcome=Outcome.FAILED, outcome_note=note, applied_at=timezone.now()
            )
            self.lease.confirm()

    def _stop_requested(self) -> bool:
        return SyncPlan.objects.filter(pk=self.plan_id, stop_requested_at__isnull=False).exists()

    def _rows_left(self, plan: SyncPlan) -> bool:
        return plan.changes.filter(outcome=Outcome.WAITING, included=True).exists()

    def _end(self, state: SyncPlan.State) -> Ended:
        with transaction.atomic():
            self.lease.confirm()
            plan = SyncPlan.objects.select_for_update(no_key=True).get(pk=self.plan_id)
            plan.state = state
            plan.stop_requested_at = None
            if state == State.DONE:
                plan.finished_at = timezone.now()
                plan.attempts = 0
            plan.save(update_fields=["state", "stop_requested_at", "finished_at", "attempts"])
            audit.record(f"plan.{state}", plan, by=None)
        return Ended.DONE if state == State.DONE else Ended.STOPPED
