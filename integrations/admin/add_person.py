"""*Add person*: a Salesforce user is chosen, and account and mapping are made together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Team, User
from accounts.reach import person as who_asks
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange, SyncPlan
from integrations.user_sync import manual
from integrations.user_sync.matching import Match, Matcher

from .addresses import page_of
from .chosen_connection import changeable_connection
from .person_picker import chosen_person, picker
from .subpage import attempt, show_plan, subpage

Action = PlannedChange.Action


class PersonForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(label="E-mail", max_length=254, help_text="For the log-in.")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="No team")
    role = forms.ChoiceField(label="Role", choices=User.Role.choices)
    send_invitation = forms.BooleanField(label="Send an invitation", required=False)

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.queryset = Team.objects.filter(company=connection.company_id).order_by("name")

    @classmethod
    def filled_in(cls, connection: Connection, person: DirectoryUser) -> PersonForm:
        """With what Salesforce says; the team only where one is called like the department."""
        teams = Team.objects.filter(company=connection.company_id)
        team = teams.filter(name__iexact=person.department.strip()).first()
        initial = {"name": str(person), "email": person.email, "team": team}
        return cls(connection, initial=initial)


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("add-person/", add_person, "add_person")]


def add_person(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if not request.user.has_perm("accounts.add_user"):
        raise PermissionDenied
    if "unseen" in request.POST:
        return look_up(request, connection, page_of("connection_add_person", connection.pk))
    found = picker(request, connection)
    if request.GET.get("part") == "results":
        return render(request, "integrations/picker_results.html", {"picker": found})
    chosen = chosen_person(request, connection)
    if chosen is None:
        return subpage(request, connection, "add_person", title="Add person", picker=found)
    form = PersonForm.filled_in(connection, chosen)
    if request.method == "POST":
        form = PersonForm(connection, request.POST)
        if form.is_valid() and (answer := _save(request, connection, chosen, form)):
            return answer
    return subpage(
        request,
        connection,
        "add_person",
        title="Add person",
        picker=found,
        person=chosen,
        form=form,
        **_verdict(request, connection, chosen),
    )


def look_up(request: HttpRequest, connection: Connection, page: str) -> HttpResponse:
    """Ask Salesforce for somebody whom the list has not seen yet, and choose them."""

    def look() -> HttpResponse:
        found = manual.look_up(connection, salesforce_id=request.POST["unseen"])
        return redirect(f"{page}?person={found.salesforce_id}")

    return attempt(request, look) or redirect(page)


def _save(
    request: HttpRequest, connection: Connection, chosen: DirectoryUser, form: PersonForm
) -> HttpResponse | None:
    values = form.cleaned_data

    def save() -> HttpResponse:
        plan = manual.add_person(
            connection,
            salesforce_id=chosen.salesforce_id,
            by=who_asks(request),
            name=values["name"],
            email=values["email"],
            team=values["team"],
            role=values["role"],
            send_invitation=values["send_invitation"],
        )
        return _after(request, plan)

    return attempt(request, save)


def _after(request: HttpRequest, plan: SyncPlan) -> HttpResponse:
    row = plan.changes.select_related("account").get()
    if row.account is None or row.outcome != PlannedChange.Outcome.DONE:
        return show_plan(plan)
    messages.success(request, f"{row.account} has an account, mapped to {row.person_name}.")
    return redirect(page_of("connection_account", plan.connection_id, row.account.pk))


def _verdict(request: HttpRequest, connection: Connection, chosen: DirectoryUser) -> dict[str, Any]:
    """What saving would do, where that is not simply a new account."""
    matcher = Matcher(connection, viewer=who_asks(request), approach=Approach.MANUAL)
    match: Match = matcher.match([chosen])[chosen.pk]
    return {"match": match, "may_save": match.verdict != Action.NOTHING}
