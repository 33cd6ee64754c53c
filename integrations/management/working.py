"""Doing at once, in a command, what otherwise the worker does."""

from __future__ import annotations

import time

from django.db.models import Count

from integrations.models import SyncPlan, SyncRun
from integrations.user_sync.applying import Ended, apply_plan
from integrations.user_sync.directory import refresh_directory

from .scriptable import Answer

#: A worker that has the same plan in hand gets this long from one sign of progress to the next.
SILENCE_SECONDS = 120.0


def apply_now(plan: SyncPlan) -> Answer:
    """Apply what is left of an approved plan; where a worker has it, wait for its end."""
    watched = _Watch(plan)
    while True:
        ended = apply_plan(plan.pk)
        plan.refresh_from_db()
        if ended in (Ended.DONE, Ended.STOPPED, Ended.NEEDS_A_PERSON):
            return outcome_of(plan)
        if plan.state not in SyncPlan.STATES_UNDER_WAY or watched.is_silent():
            return outcome_of(plan)
        if ended == Ended.NOT_MINE:
            time.sleep(0.5)


def refresh_now(run: SyncRun) -> SyncRun:
    """Read the Salesforce users; where a worker does it already, wait for its end."""
    ends_at = time.monotonic() + SILENCE_SECONDS
    while run.state in SyncRun.STATES_UNDER_WAY and time.monotonic() < ends_at:
        refresh_directory(run.pk)
        run.refresh_from_db()
        if run.state in SyncRun.STATES_UNDER_WAY:
            time.sleep(0.5)
    return run


def why_not_read(run: SyncRun) -> Answer:
    """What was to be done waits for a person, or failed, with the reading of the users."""
    words = f"The Salesforce users could not be read: {run.error or run.get_state_display()}"
    if run.state == SyncRun.State.HELD:
        return Answer({"run": run.pk}, waits_for=words)
    return Answer({"run": run.pk}, failure=words)


def outcome_of(plan: SyncPlan) -> Answer:
    """What became of a plan so far."""
    counts = counts_by(plan, "outcome")
    state = plan.get_state_display()
    answer = Answer(
        {"plan": plan.pk, "state": plan.state, "outcomes": counts},
        [f"{plan}: {state.lower()}", *(f"{number:7,} {name}" for name, number in counts.items())],
    )
    if plan.state == SyncPlan.State.NEEDS_A_PERSON:
        answer.waits_for = plan.problem
    elif plan.state == SyncPlan.State.STOPPED:
        answer.waits_for = "It was stopped: manage.py plan apply continues it."
    elif plan.state in SyncPlan.STATES_UNDER_WAY:
        answer.failure = "A worker has it in hand, and does not get on."
    elif counts.get("failed"):
        answer.failure = f"Rows that failed: {counts['failed']}. Plan them again."
    return answer


def counts_by(plan: SyncPlan, column: str) -> dict[str, int]:
    """How many rows of each action or outcome, the names as they are stored."""
    rows = plan.changes.values_list(column).annotate(rows=Count("pk")).order_by(column)
    return dict(rows)


class _Watch:
    """Whether nothing has moved for too long."""

    def __init__(self, plan: SyncPlan) -> None:
        self.plan = plan
        self.seen: dict[str, int] = {}
        self.since = time.monotonic()

    def is_silent(self) -> bool:
        counts = counts_by(self.plan, "outcome")
        if counts != self.seen:
            self.seen, self.since = counts, time.monotonic()
        return time.monotonic() - self.since > SILENCE_SECONDS
