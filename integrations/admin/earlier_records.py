"""How earlier records were read, on the page of a workflow; the button that begins it anew."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.reach import person
from integrations.models import SyncRun, Workflow
from integrations.record_sync.backfilling import request_backfill
from integrations.record_sync.runs import RunRefused, not_made_good

from .shown_workflow import changeable_workflow
from .words import from_now

BACKFILL = SyncRun.Kind.BACKFILL


def last_backfill(workflow: Workflow) -> SyncRun | None:
    runs = workflow.connection.runs.filter(kind=BACKFILL, object_name=workflow.object_name)
    return runs.order_by("-created_at", "-pk").first()


def failed_backfill(workflow: Workflow) -> SyncRun | None:
    """The one whose records were not read since."""
    failed = not_made_good(workflow.connection)
    return failed.filter(kind=BACKFILL, object_name=workflow.object_name).first()


def next_try(failed: SyncRun) -> str:
    """When it is tried again by itself; empty where a person has to begin it."""
    if failed.retry_at is None:
        return ""
    if not failed.connection.has_access:
        return "It goes on by itself once Salesforce can be asked again."
    return f"The next try is {from_now(failed.retry_at)}."


@require_POST
def read_again(request: HttpRequest, workflow_id: int) -> HttpResponse:
    workflow = changeable_workflow(request, workflow_id)
    failed = failed_backfill(workflow)
    if failed is not None:
        by = person(request)
        try:
            request_backfill(workflow.connection, workflow.object_name, failed.since, by=by)
        except RunRefused as error:
            messages.error(request, str(error))
    return redirect("admin:integrations_workflow_change", workflow.pk)
