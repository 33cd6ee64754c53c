"""The workflow that a page is about."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.reach import person, within_reach
from integrations.models import Workflow


def changeable_workflow(request: HttpRequest, workflow_id: int) -> Workflow:
    """404 for another company's, 403 for somebody who may not change it."""
    workflows = Workflow.objects.select_related(
        "connection__company", "company", "activity_type"
    ).prefetch_related("conditions")
    workflow = get_object_or_404(within_reach(workflows, person(request)), pk=workflow_id)
    if not request.user.has_perm("integrations.change_workflow", workflow):
        raise PermissionDenied
    return workflow
