"""*Try it*: what a workflow would have reported of the last days. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from integrations.models import Evaluation
from integrations.record_sync.previewing import PreviewRow, Trial, try_workflow
from integrations.salesforce.errors import SalesforceError

from .shown_workflow import changeable_workflow
from .subpage import subpage
from .workflow_words import VERDICT_TONES, what_counts

DAYS = (7, 30, 90)
USUAL_DAYS = 30
#: Records listed of each kind; the counts are of all.
LISTED = 50
Verdict = Evaluation.Verdict


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("try/", try_it, "try")]


def try_it(request: HttpRequest, workflow_id: int) -> HttpResponse:
    workflow = changeable_workflow(request, workflow_id)
    days = _days(request.POST.get("days", ""))
    context: dict[str, Any] = {}
    if request.method == "POST" and not workflow.connection.has_access:
        context["problem"] = "Salesforce cannot be asked while the connection is not in use."
    elif request.method == "POST":
        try:
            context = _shown(try_workflow(workflow, days))
        except SalesforceError as error:
            context["problem"] = error.message
    return subpage(
        request,
        workflow.connection,
        "workflow_try",
        title=f"Try “{workflow}”",
        workflow=workflow,
        what_counts=what_counts(workflow),
        days=days,
        choices=DAYS,
        **context,
    )


def _days(text: str) -> int:
    return int(text) if text in map(str, DAYS) else USUAL_DAYS


def _shown(trial: Trial) -> dict[str, Any]:
    counts = [
        (verdict.label, VERDICT_TONES.get(verdict, ""), trial.by_verdict[verdict])
        for verdict in Verdict
        if trial.by_verdict.get(verdict)
    ]
    others = [row for row in trial.rows if row.verdict not in (Verdict.REPORTED, Verdict.HELD)]
    return {
        "trial": trial,
        "counts": counts,
        "totals": sorted(trial.totals.items()),
        "reported": trial.reported[:LISTED],
        "held": trial.held[:LISTED],
        "reasons": _reasons(others),
    }


def _reasons(rows: Sequence[PreviewRow]) -> list[tuple[str, int]]:
    """Why the others do not count, the most frequent first."""
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row.reason] = numbers.get(row.reason, 0) + 1
    return sorted(numbers.items(), key=lambda item: -item[1])[:10]
