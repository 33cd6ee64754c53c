"""A workflow's own page: what it counts and how; what a change does is shown before it happens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.reach import person
from integrations.models import Evaluation, Workflow
from integrations.record_sync import workflows
from integrations.record_sync.describing import labels_of
from integrations.record_sync.previewing import MOST_JUDGED, ChangePreview, preview_change
from integrations.record_sync.workflows import Condition, WorkflowRefused

from . import workflow_trial
from .earlier_records import failed_backfill, last_backfill, next_try
from .object_fields import ObjectFields, object_fields
from .shown_workflow import changeable_workflow
from .subpage import subpage
from .workflow_forms import ConditionForms, WorkflowForm, condition_forms, digest
from .workflow_words import STATE_TONES, VERDICT_TONES, change_words, what_counts

State = Workflow.State


def workflow_page(request: HttpRequest, workflow_id: int) -> HttpResponse:
    workflow = changeable_workflow(request, workflow_id)
    saved = list(workflow.conditions.all())
    known = object_fields(workflow.connection, workflow.object_name)
    posted = request.POST if request.method == "POST" else None
    form = WorkflowForm(posted, instance=workflow, known=known)
    lines = condition_forms(posted, known, sorted(saved, key=lambda one: one.position))
    shown: dict[str, Any] = {}
    if posted is not None and form.is_valid() and lines.is_valid():
        conditions = lines.conditions()
        if posted.get("act") == workflow_trial.TRY:
            shown = workflow_trial.tried(request, workflow, conditions)
        else:
            shown = _unseen_change(workflow, conditions, posted.get("previewed", ""))
            if not shown and _is_saved(request, workflow, conditions, form):
                return redirect("admin:integrations_workflow_change", workflow.pk)
    return _show(request, workflow, form, lines, known, **shown)


def shown_form(form: WorkflowForm, lines: ConditionForms, known: ObjectFields) -> dict[str, Any]:
    """What the template of the form needs, for a new workflow as for one that there is."""
    return {
        "form": form,
        "lines": lines,
        "known": known,
        "value_lists": [one for one in known.fields if one.values or one.type == "boolean"],
        **workflow_trial.offered(),
    }


def _unseen_change(
    workflow: Workflow, conditions: list[Condition], previewed: str
) -> dict[str, Any]:
    """What the change would do and nobody was shown yet; empty where nothing follows."""
    if workflow.state == State.OFF or previewed == digest(workflow, conditions):
        return {}
    if not workflows.decides_otherwise(workflow, conditions):
        return {}
    preview = _preview(workflow, conditions)
    words = change_words(preview)
    if not (words or preview.needs_reading or preview.not_counted):
        return {}
    return {
        "preview": preview,
        "counted_records": MOST_JUDGED,
        "change_words": words,
        "previewed": digest(workflow, conditions),
    }


def _preview(workflow: Workflow, conditions: list[Condition]) -> ChangePreview:
    """One that needs attention goes on when it is changed."""
    state, workflow.state = workflow.state, State.ON
    try:
        return preview_change(workflow, conditions)
    finally:
        workflow.state = state


def _is_saved(
    request: HttpRequest, workflow: Workflow, conditions: list[Condition], form: WorkflowForm
) -> bool:
    try:
        workflows.change(workflow, conditions, by=person(request))
    except WorkflowRefused as error:
        form.add_error("name", str(error))
        return False
    follows = workflow.evaluated_version < workflow.version
    messages.success(request, "Saved. Its reports follow within a minute." if follows else "Saved.")
    return True


def _show(
    request: HttpRequest,
    workflow: Workflow,
    form: WorkflowForm,
    lines: ConditionForms,
    known: ObjectFields,
    **more: Any,
) -> HttpResponse:
    kept = Workflow.objects.prefetch_related("conditions").get(pk=workflow.pk)
    failed = failed_backfill(workflow)
    return subpage(
        request,
        workflow.connection,
        "workflow",
        title=kept.name,
        workflow=kept,
        object_name=kept.object_name,
        what_counts=what_counts(kept, labels_of(kept.connection, kept.object_name)),
        tone=STATE_TONES[State(kept.state)],
        said=_said(kept),
        backfill=last_backfill(workflow),
        failed_backfill=failed,
        next_try=next_try(failed) if failed else "",
        is_following=kept.evaluated_version < kept.version and kept.state != State.OFF,
        **(shown_form(form, lines, known) | more),
    )


def _said(workflow: Workflow) -> list[tuple[str, str, str, int]]:
    """Verdict, its words, tone and number of records, those without any left out."""
    counts = dict(
        workflow.evaluations.order_by().values_list("verdict").annotate(records=Count("pk"))
    )
    return [
        (verdict.value, str(verdict.label), VERDICT_TONES.get(verdict, ""), counts[verdict])
        for verdict in Evaluation.Verdict
        if verdict in counts
    ]
