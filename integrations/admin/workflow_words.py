"""Workflows in words: what counts, the state, what a change does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations.models import Evaluation, Workflow
from integrations.record_sync.previewing import ChangePreview

from .words import counted, listed

State = Workflow.State
Verdict = Evaluation.Verdict

STATE_TONES = {State.OFF: "", State.ON: "good", State.NEEDS_ATTENTION: "warn"}
VERDICT_TONES = {
    Verdict.REPORTED: "good",
    Verdict.HELD: "warn",
    Verdict.WAITING: "warn",
    Verdict.FAILED: "bad",
}


def what_counts(workflow: Workflow, labels: Mapping[str, str]) -> str:
    """“Opportunity where Won is yes”. The conditions should be prefetched."""
    conditions = sorted(workflow.conditions.all(), key=lambda one: one.position)
    if not conditions:
        return f"Every {workflow.object_name}"
    joint = " or " if workflow.match == Workflow.Match.ANY else " and "
    return f"{workflow.object_name} where {joint.join(one.in_words(labels) for one in conditions)}"


def change_words(preview: ChangePreview) -> str:
    """What a press does: “take back 3 reports and add 2”; empty where nothing follows."""
    parts: Iterable[tuple[int, str]] = (
        (preview.taken_back, f"take back {counted(preview.taken_back, 'report')}"),
        (preview.added, f"add {counted(preview.added, 'report')}"),
        (preview.moved, f"move {counted(preview.moved, 'report')} to others"),
    )
    return listed([words for number, words in parts if number])
