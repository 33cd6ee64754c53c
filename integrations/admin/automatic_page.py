"""*Automatic*: the setting “Automatically sync users”, its limits, and who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import audit
from accounts.company_form import CompanyBoundForm
from accounts.models import Team
from accounts.reach import person
from integrations.models import Approach, Connection, DirectoryUser, TeamSource, Workflow
from integrations.user_sync import account_work
from integrations.user_sync.automatic import HIGHEST_LIMIT, change_settings, made_today, settings_of
from integrations.user_sync.wanted import takes_from_a_workflow, who_waits, who_would_wait

from .addresses import page_of
from .chosen_connection import changeable_connection
from .shown_plan import ShownPlan
from .subpage import subpage
from .words import WITHOUT_WORKFLOW, count_of

SETTINGS = (
    "automatic_is_on",
    "automatic_accounts",
    "automatic_team_source",
    "automatic_team",
    "automatic_daily_limit",
)
#: People listed as waiting; the plans behind have them all.
LISTED = 100
#: Named of those who would get an account; the page behind lists them.
NAMED = 5


class AutomaticForm(CompanyBoundForm):
    workflows = forms.ModelMultipleChoiceField(
        Workflow.objects.none(),
        label="Workflows whose people get accounts",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Connection
        fields = SETTINGS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = self.instance.company_id
        self._choices("automatic_team").queryset = Team.objects.filter(company=company).order_by(
            "name"
        )
        self._choices("automatic_team").empty_label = "No team chosen"
        mine = self.instance.workflows.order_by("name")
        self._choices("workflows").queryset = mine
        self.initial["workflows"] = self._ticked(list(mine))
        self.fields["automatic_is_on"].label = "Automatically sync users"
        self.fields["automatic_team"].help_text = "Only where the team above is “The chosen team”."
        limit = self.fields["automatic_daily_limit"]
        limit.widget.attrs |= {"min": 1, "max": HIGHEST_LIMIT}

    def _ticked(self, mine: list[Workflow]) -> list[int]:
        """Before it is on for the first time: those that are on, since none would do nothing."""
        chosen = [one.pk for one in mine if one.creates_accounts]
        if chosen or self.instance.automatic_is_on:
            return chosen
        return [one.pk for one in mine if one.state == Workflow.State.ON]

    def _choices(self, name: str) -> forms.ModelChoiceField[Any]:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field

    def clean_automatic_daily_limit(self) -> int:
        limit: int = self.cleaned_data["automatic_daily_limit"]
        if not 1 <= limit <= HIGHEST_LIMIT:
            raise forms.ValidationError(f"Choose between 1 and {HIGHEST_LIMIT:,} a day.")
        return limit

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_chosen = cleaned.get("automatic_team_source") == TeamSource.CHOSEN
        if is_chosen and not cleaned.get("automatic_team"):
            self.add_error("automatic_team", "Choose the team, or take it from Salesforce.")
        if not is_chosen:
            cleaned["automatic_team"] = None
        return cleaned


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("automatic/", automatic, "automatic")]


def automatic(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    was_on, before = connection.automatic_is_on, settings_of(connection)
    form = AutomaticForm(request.POST or None, instance=connection)
    if not form.is_bound:
        return _show(request, connection, form)
    if not form.is_valid():
        connection.refresh_from_db()  # what the form says is not saved
        return _show(request, connection, form)
    if not request.user.has_perm("integrations.change_workflow"):
        raise PermissionDenied
    _save(request, connection, form, before)
    messages.success(request, _what_now(connection, was_on))
    return redirect(page_of("connection_automatic", connection.pk))


def _show(request: HttpRequest, connection: Connection, form: AutomaticForm) -> HttpResponse:
    is_idle = connection.automatic_is_on and not takes_from_a_workflow(connection)
    return subpage(
        request,
        connection,
        "automatic",
        title="Automatic",
        form=form,
        lacks=WITHOUT_WORKFLOW if is_idle else "",
        made_today=made_today(connection),
        scope_rules=list(connection.scope_rules.all()),
        waiting=_waiting(connection),
        **({} if connection.automatic_is_on else _if_turned_on(connection, form)),
        pending=account_work.pending(connection).count(),
        plans=ShownPlan.newest(connection, approach=Approach.AUTOMATIC),
    )


@transaction.atomic
def _save(
    request: HttpRequest, connection: Connection, form: AutomaticForm, before: dict[str, Any]
) -> None:
    by = person(request)
    connection.automatic_team = form.cleaned_data["automatic_team"]
    chosen = {workflow.pk for workflow in form.cleaned_data["workflows"]}
    for workflow in connection.workflows.all():
        takes_part = workflow.pk in chosen
        if workflow.creates_accounts != takes_part:
            workflow.creates_accounts = takes_part
            workflow.save(update_fields=["creates_accounts"])
            audit.record(
                "workflow.takes_part",
                workflow,
                by=by,
                request=request,
                before={"its people get accounts": not takes_part},
                after={"its people get accounts": takes_part},
            )
    change_settings(connection, before=before, by=by)


def _what_now(connection: Connection, was_on: bool) -> str:
    if connection.automatic_is_on == was_on:
        return "Saved."
    if not connection.automatic_is_on:
        return "Turned off. Accounts that exist stay; nobody new gets one by the data."
    if not takes_from_a_workflow(connection):
        return "Saved."  # the page says what is missing
    return "Turned on. It looks at the data once a minute; you can revert whatever it does."


def _if_turned_on(connection: Connection, form: AutomaticForm) -> dict[str, Any]:
    """Who would get an account today by the workflows that are ticked as the page is opened."""
    ticked = connection.workflows.filter(pk__in=form.initial["workflows"])
    people = who_would_wait(connection, ticked)
    left_today = max(0, connection.automatic_daily_limit - made_today(connection))
    first = list(people.defer("search").order_by("name", "pk")[: NAMED + 1])
    return {
        "would_wait": count_of(people, "person owns", "people own"),
        "would_be_named": first[:NAMED],
        "would_be_more": len(first) > NAMED,
        "would_get_one": people.order_by()[:left_today].count(),
    }


def _waiting(connection: Connection) -> list[DirectoryUser]:
    people = who_waits(connection).defer("search")
    return list(people.select_related("wanted_workflow").order_by("wanted_since")[:LISTED])
