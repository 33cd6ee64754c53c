"""Switching a workflow on, from now or since a day, and off, keeping or taking back."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.reach import person
from integrations.credentials import client_for
from integrations.models import Workflow
from integrations.record_sync import workflows
from integrations.record_sync.backfilling import FIRST_DAY
from integrations.record_sync.describing import labels_of
from integrations.record_sync.previewing import preview_switching_off
from integrations.record_sync.runs import RunRefused
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS

from .shown_workflow import changeable_workflow
from .subpage import subpage
from .words import counted
from .workflow_words import what_counts


class SwitchOnForm(forms.Form):
    use_required_attribute = False

    begin = forms.ChoiceField(
        choices=[
            ("now", "From now on"),
            ("since", "Since a day: what happened since then is read and reported too"),
        ],
        initial="now",
        widget=forms.RadioSelect,
    )
    since = forms.DateField(
        label="Since", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        since = cleaned.get("since")
        if cleaned.get("begin") != "since":
            if since is not None:
                self.add_error("begin", "A day is given: choose “Since a day”, or clear it.")
            cleaned["since"] = None
        elif not isinstance(since, date):
            if "since" not in self.errors:
                self.add_error("since", "Say since which day.")
        elif not FIRST_DAY <= since <= timezone.localdate():
            self.add_error("since", "Choose a day that has been.")
        return cleaned


def switch(request: HttpRequest, workflow_id: int) -> HttpResponse:
    workflow = changeable_workflow(request, workflow_id)
    return _off(request, workflow) if workflow.state != "off" else _on(request, workflow)


def _on(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    form = SwitchOnForm(request.POST if request.POST.get("act") == "on" else None)
    problems: list[str] = []
    if form.is_bound and form.is_valid():
        problems = _problems(workflow)
        if not problems:
            return _switch_on(request, workflow, form.cleaned_data["since"])
    return subpage(
        request,
        workflow.connection,
        "workflow_switch_on",
        title=f"Switch on “{workflow}”",
        workflow=workflow,
        what_counts=what_counts(workflow, labels_of(workflow.connection, workflow.object_name)),
        form=form,
        problems=problems,
    )


def _problems(workflow: Workflow) -> list[str]:
    """What stands against it by Salesforce's own word, or why that cannot be had."""
    if not workflow.connection.has_access:
        return ["Salesforce cannot be asked while the connection is not in use."]
    try:
        with client_for(workflow.connection, limits=WHILE_SOMEBODY_WAITS) as client:
            return workflows.problems(workflow, client)
    except SalesforceError as error:
        return [error.message]


def _switch_on(request: HttpRequest, workflow: Workflow, since: date | None) -> HttpResponse:
    try:
        run = workflows.switch_on(workflow, since=since, by=person(request))
    except RunRefused as error:
        messages.error(request, str(error))
    else:
        words = f"“{workflow}” is on."
        if run is not None:
            words += (
                " Earlier records are being read; each report appears in the feed on its own day."
            )
        messages.success(request, words)
    return redirect("admin:integrations_workflow_change", workflow.pk)


def _off(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    live = preview_switching_off(workflow)
    act = request.POST.get("act")
    if act in ("keep", "take_back"):
        workflows.switch_off(workflow, take_back=act == "take_back", by=person(request))
        words = "Its reports stay."
        if act == "take_back":
            words = f"{counted(live, 'report is', 'reports are')} taken back within a minute."
        messages.success(request, f"“{workflow}” is off. {words}")
        return redirect("admin:integrations_workflow_change", workflow.pk)
    return subpage(
        request,
        workflow.connection,
        "workflow_switch_off",
        title=f"Switch off “{workflow}”",
        workflow=workflow,
        what_counts=what_counts(workflow, labels_of(workflow.connection, workflow.object_name)),
        live=live,
    )
