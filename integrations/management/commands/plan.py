from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from accounts.reach import number_in
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import (
    actor_of,
    add_actor_argument,
    plan_of,
    required_actor_of,
)
from integrations.management.shown_plan import ROWS_SHOWN, shown
from integrations.management.working import apply_now
from integrations.models import SyncPlan
from integrations.user_sync import approving, deciding
from integrations.user_sync.errors import PlanError
from integrations.user_sync.reverting import plan_revert

State = SyncPlan.State
MOST_ROWS = 1_000_000


class Command(ScriptableCommand):
    help = (
        "Shows a plan; approves it for the worker; applies it here and now; or makes the plan that"
        " undoes it, which is approved and applied like any other."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["show", "approve", "apply", "revert"])
        parser.add_argument("plan", type=int, metavar="ID")
        parser.add_argument("--rows", type=_rows, default=ROWS_SHOWN, help="how many rows to show")
        add_actor_argument(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        plan = plan_of(options["plan"])
        match options["what"]:
            case "approve":
                return self._approve(plan, options)
            case "apply":
                return self._apply(plan, options)
            case "revert":
                revert = plan_revert(plan, by=actor_of(options, plan.company))
                answer = shown(revert, rows=options["rows"])
                answer.waits_for = f"Approve it: manage.py plan approve {revert.pk}"
                return answer
        return shown(plan, rows=options["rows"])

    def _approve(self, plan: SyncPlan, options: dict[str, Any]) -> Answer:
        if plan.state == State.REQUESTED:
            deciding.approve(plan.access_request, by=required_actor_of(options, plan.company))
            plan.refresh_from_db()
        else:
            approving.approve(plan, by=actor_of(options, plan.company))
        return shown(plan, rows=0)

    def _apply(self, plan: SyncPlan, options: dict[str, Any]) -> Answer:
        if plan.state in SyncPlan.STATES_OPEN or plan.state == State.REQUESTED:
            raise BadUse(f"Nobody has approved it yet: manage.py plan approve {plan.pk}")
        if plan.state == State.DISCARDED:
            raise PlanError("This plan was discarded: it is never applied.")
        if options["dry_run"]:
            return shown(plan, rows=options["rows"])
        if plan.state in (State.STOPPED, State.NEEDS_A_PERSON):
            approving.resume(plan, by=actor_of(options, plan.company))
        return apply_now(plan)


def _rows(text: str) -> int:
    rows = number_in(text)
    if rows is None or rows > MOST_ROWS:
        raise ArgumentTypeError(f"say how many rows, from 0 to {MOST_ROWS}")
    return rows
