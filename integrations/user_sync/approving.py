"""A plan is approved once, by one person, and then belongs to the worker."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from accounts import audit
from accounts.models import User
from integrations.models import Approach, SyncPlan

from .errors import AlreadyApproved, PlanError

State = SyncPlan.State
APPLY_TASK = "integrations.tasks.apply_plan"


def approve(plan: SyncPlan, *, by: User | None) -> None:
    """Hand a draft, or a held plan, to the worker. ``by`` is ``None`` where a policy approves.

    Accounts for all active users are requested instead; see `requesting`. Raises
    `AlreadyApproved`, or `PlanError` for other reasons.
    """
    try:
        with transaction.atomic():
            _lock_what_it_undoes(plan)
            approved = _approvable(plan).update(
                # That it was held has been told; its end is another piece of news.
                state=State.QUEUED,
                approved_by=by,
                approved_at=timezone.now(),
                told_at=None,
            )
            if approved:
                audit.record("plan.approved", plan, by=by, after={"rows": plan.changes.count()})
                _enqueue(plan)
    except IntegrityError as error:
        raise PlanError("This change is being reverted already.") from error
    plan.refresh_from_db()
    if not approved:
        raise _why_not_approved(plan)


def approve_requested(plan: SyncPlan, *, by: User) -> None:
    """The same for a requested plan, whose request is locked and was just decided."""
    queued = SyncPlan.objects.filter(pk=plan.pk, state=State.REQUESTED).update(
        state=State.QUEUED, approved_by=by, approved_at=timezone.now()
    )
    if not queued:
        raise PlanError("This change does not wait for approval.")
    audit.record("plan.approved", plan, by=by, after={"rows": plan.changes.count()})
    _enqueue(plan)


def _approvable(plan: SyncPlan) -> QuerySet[SyncPlan]:
    open_plans: QuerySet[SyncPlan] = SyncPlan.objects.filter(
        pk=plan.pk, state__in=SyncPlan.STATES_OPEN
    )
    return open_plans.exclude(approach=Approach.ALL_ACTIVE, kind=SyncPlan.Kind.IMPORT)


def stop(plan: SyncPlan, *, by: User | None) -> None:
    """Ask the worker to stop after the rows it has in hand. `resume` goes on later."""
    with transaction.atomic():
        waiting = SyncPlan.objects.filter(pk=plan.pk, state=State.QUEUED).update(
            state=State.STOPPED, stop_requested_at=None
        )
        asked = waiting or SyncPlan.objects.filter(pk=plan.pk, state=State.APPLYING).update(
            stop_requested_at=timezone.now()
        )
        if asked:
            audit.record("plan.stopped", plan, by=by)
    plan.refresh_from_db()
    if not asked:
        raise PlanError(f"This change is not under way: {plan.get_state_display().lower()}.")


def resume(plan: SyncPlan, *, by: User | None) -> None:
    """Continue a plan that was stopped, or that gave up."""
    try:
        with transaction.atomic():
            lock(plan)  # whoever approves a revert of it meanwhile is waited for, and then found
            resumed = (
                SyncPlan.objects.filter(pk=plan.pk, state__in=(State.STOPPED, State.NEEDS_A_PERSON))
                .exclude(reverted_by__state__in=(*SyncPlan.STATES_UNDER_WAY, State.DONE))
                .update(
                    state=State.QUEUED,
                    stop_requested_at=None,
                    attempts=0,
                    problem="",
                    told_at=None,
                )
            )
            if resumed:
                audit.record("plan.continued", plan, by=by)
                _enqueue(plan)
    except IntegrityError as error:
        raise PlanError("Another revert of the same change is under way.") from error
    plan.refresh_from_db()
    if not resumed:
        raise PlanError("This change cannot be continued: it runs, is done, or was reverted.")


def discard(plan: SyncPlan, *, by: User | None) -> None:
    """Give up a draft, also one that is still being prepared. It is kept, and never applied."""
    with transaction.atomic():
        discarded = SyncPlan.objects.filter(
            pk=plan.pk, state__in=(State.PREPARING, State.DRAFT)
        ).update(state=State.DISCARDED, choice=None)
        if discarded:
            audit.record("plan.discarded", plan, by=by)
    plan.refresh_from_db()
    if not discarded:
        raise _why_not_approved(plan)


def lock(plan: SyncPlan) -> SyncPlan:
    """The plan as it is now, until the transaction ends; after the one that it undoes, always.

    Raises `PlanError` where that one is under way.
    """
    _lock_what_it_undoes(plan)
    return SyncPlan.objects.select_for_update(no_key=True).get(pk=plan.pk)


def _lock_what_it_undoes(plan: SyncPlan) -> None:
    """A plan and its revert are never under way at once. Raises `PlanError`."""
    if plan.reverts_id is None:
        return
    reverted = SyncPlan.objects.select_for_update(no_key=True).get(pk=plan.reverts_id)
    if reverted.state in SyncPlan.STATES_UNDER_WAY:
        raise PlanError(
            "The change that this undoes is under way again: stop it first, or wait until it ends."
        )


def _enqueue(plan: SyncPlan) -> None:
    """The queue is in the same database, so the task exists exactly when the approval does."""
    async_task(APPLY_TASK, plan.pk)


def _why_not_approved(plan: SyncPlan) -> PlanError:
    if plan.approved_at is not None:
        return AlreadyApproved(str(plan.approved_by or ""), plan.approved_at)
    if plan.state == State.PREPARING:
        return PlanError("This change is still being prepared.")
    if plan.approach == Approach.ALL_ACTIVE and plan.state != State.DISCARDED:
        return PlanError("Accounts for all active users are requested, and approved by others.")
    if plan.kind == SyncPlan.Kind.REVERT:
        return PlanError("This revert was discarded. Press Revert again for a new one.")
    return PlanError("This change was discarded. Choose the people again for a new one.")
