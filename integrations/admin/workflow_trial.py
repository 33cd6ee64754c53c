"""*Try it*: what a workflow would have reported of the last days, as its form says it now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest

from integrations.models import Evaluation, Workflow
from integrations.record_sync.previewing import PreviewRow
from integrations.record_sync.trying import Trial, try_workflow
from integrations.record_sync.workflows import Condition, unsaved
from integrations.salesforce.errors import SalesforceError

from .workflow_words import VERDICT_TONES

TRY = "try"  # what its button says in the form
DAYS = (7, 30, 90)
USUAL_DAYS = 30
#: Records listed of each kind; the counts are of all.
LISTED = 50
Verdict = Evaluation.Verdict
#: Verdicts of a trial that read as if something had been done.
WOULD_BE: dict[str, str] = {
    Verdict.REPORTED: "Would be reported",
    Verdict.HELD: "Would be held",
}


def offered() -> dict[str, Any]:
    """What the form needs to offer it."""
    return {"days": USUAL_DAYS, "choices": DAYS}


def tried(
    request: HttpRequest, workflow: Workflow, conditions: Sequence[Condition]
) -> dict[str, Any]:
    """What comes of it, for the page. Nothing is written; the workflow need not be saved."""
    days = _days(request.POST.get("days", ""))
    if not workflow.connection.has_access:
        state = workflow.connection.get_state_display().lower()
        problem = f"Salesforce cannot be asked while the connection is not in use ({state})."
        return {"days": days, "trial_problem": problem}
    try:
        trial = try_workflow(workflow, days, unsaved(conditions))
    except SalesforceError as error:
        return {"days": days, "trial_problem": error.message}
    return {"days": days, "tried_type": workflow.activity_type, **_shown(trial)}


def _days(text: str) -> int:
    return int(text) if text in map(str, DAYS) else USUAL_DAYS


def _shown(trial: Trial) -> dict[str, Any]:
    counts = [
        (WOULD_BE.get(verdict, verdict.label), VERDICT_TONES.get(verdict, ""), number)
        for verdict in Verdict
        if (number := trial.by_verdict.get(verdict))
    ]
    others = [row for row in trial.rows if row.verdict not in (Verdict.REPORTED, Verdict.HELD)]
    return {
        "trial": trial,
        "counts": counts,
        "totals": sorted(trial.totals.items()),
        "reported": _newest_first(trial.reported)[:LISTED],
        "held": trial.held[:LISTED],
        "reasons": _reasons(others),
    }


def _newest_first(rows: Sequence[PreviewRow]) -> list[PreviewRow]:
    return sorted(rows, key=lambda row: row.occurred_on or date.min, reverse=True)


def _reasons(rows: Sequence[PreviewRow]) -> list[tuple[str, int]]:
    """Why the others do not count, the most frequent first."""
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row.reason] = numbers.get(row.reason, 0) + 1
    return sorted(numbers.items(), key=lambda item: -item[1])[:10]
