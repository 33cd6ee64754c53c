"""*New workflow*: one press on a template, or from scratch for any object."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.reach import person
from integrations.models import Connection, Workflow
from integrations.record_sync import workflows
from integrations.record_sync.templates import TEMPLATES, create_from_template
from integrations.record_sync.workflows import WorkflowRefused

from . import workflow_trial
from .object_fields import object_fields, object_names
from .subpage import subpage
from .workflow_forms import ConditionForms, WorkflowForm, condition_forms
from .workflow_page import shown_form

TEMPLATE_WORDS = {
    "closed-won": "Each deal that is won, with its amount, for its owner, on its close date.",
    "opportunity-created": "Each new opportunity, for its owner, on the day it was created.",
    "call-logged": "Each call that was logged as done, for whoever it is assigned to.",
    "meeting-held": "Each event in the calendar once it has begun, for its organiser.",
}


def new_workflow(request: HttpRequest, connection: Connection) -> HttpResponse:
    if request.method == "POST" and request.POST.get("template") in TEMPLATES:
        return _from_template(request, connection, request.POST["template"])
    asked = (request.POST if request.method == "POST" else request.GET).get("object", "")
    if asked and asked in object_names(connection):
        return _from_scratch(request, connection, asked)
    if asked:
        messages.error(request, f"Salesforce shows no object “{asked[:80]}” that can be followed.")
    return _choose(request, connection)


def _choose(request: HttpRequest, connection: Connection) -> HttpResponse:
    taken = {name.lower() for name in connection.workflows.values_list("name", flat=True)}
    return subpage(
        request,
        connection,
        "workflow_templates",
        title="New workflow",
        templates=[
            {
                "template": one,
                "words": TEMPLATE_WORDS[one.key],
                "is_there": one.name.lower() in taken,
            }
            for one in TEMPLATES.values()
        ],
        objects=object_names(connection),
    )


def _from_template(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    try:
        made = create_from_template(connection, TEMPLATES[key], by=person(request))
    except WorkflowRefused as error:
        messages.error(request, str(error))
        return _choose(request, connection)
    return _made(request, made)


def _from_scratch(request: HttpRequest, connection: Connection, object_name: str) -> HttpResponse:
    known = object_fields(connection, object_name)
    posted = request.POST if request.method == "POST" else None
    new = Workflow(company=connection.company, connection=connection, object_name=object_name)
    form = WorkflowForm(posted, instance=new, known=known)
    lines = condition_forms(posted, known, [])
    trial: dict[str, Any] = {}
    if posted is not None and form.is_valid() and lines.is_valid():
        if posted.get("act") == workflow_trial.TRY:
            trial = workflow_trial.tried(request, new, lines.conditions())
        elif _is_created(request, new, form, lines):
            return _made(request, new)
    return subpage(
        request,
        connection,
        "workflow",
        title=f"New workflow for {object_names(connection).get(object_name, object_name)}",
        object_name=object_name,
        **(shown_form(form, lines, known) | trial),
    )


def _is_created(
    request: HttpRequest, new: Workflow, form: WorkflowForm, lines: ConditionForms
) -> bool:
    try:
        workflows.create(new, lines.conditions(), by=person(request))
    except WorkflowRefused as error:
        form.add_error("name", str(error))
        return False
    return True


def _made(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    messages.success(request, f"“{workflow}” is made, and off. Try it, then switch it on.")
    return redirect("admin:integrations_workflow_change", workflow.pk)
