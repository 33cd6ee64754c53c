"""What the list of Salesforce users posts: who is ticked, what was shown, and how to import."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Team, User
from accounts.reach import numbers_in
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.salesforce.ids import InvalidSalesforceId, to_18
from integrations.user_sync.errors import PlanError

TeamSource = SyncPlan.TeamSource


class ImportOptions(forms.Form):
    """Team, role and invitations, as the bar at the bottom asks for them."""

    use_required_attribute = False

    team = forms.ChoiceField(label="Team", initial=TeamSource.FROM_SALESFORCE.value)
    role = forms.ChoiceField(
        label="Role", choices=User.Role.choices, initial=User.Role.MEMBER.value
    )
    send_invitations = forms.BooleanField(label="Send invitations", required=False)

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {
            str(team.pk): team
            for team in Team.objects.filter(company=connection.company_id).order_by("name")
        }
        field = self.fields["team"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (TeamSource.FROM_SALESFORCE.value, "From Salesforce"),
            (TeamSource.NONE.value, "No team"),
            *((key, team.name) for key, team in self.teams.items()),
        ]

    def for_plan(self) -> dict[str, Any]:
        """The arguments of `plan_import`; raises `PlanError` naming what is wrong."""
        if not self.is_valid():
            field, errors = next(iter(self.errors.items()))
            raise PlanError(f"{self.fields[field].label}: {errors[0]} Nothing was changed.")
        chosen = self.cleaned_data["team"]
        team = self.teams.get(chosen)
        return {
            "team_source": TeamSource.CHOSEN if team else chosen,
            "team": team,
            "role": self.cleaned_data["role"],
            "send_invitations": self.cleaned_data["send_invitations"],
        }

    @classmethod
    def posted(cls, request: HttpRequest, connection: Connection) -> ImportOptions:
        """What came with the form; the stock one, without these fields, means the defaults."""
        data = {name: request.POST.get(name, "") for name in cls.base_fields}
        for name in ("team", "role"):
            data[name] = data[name] or str(cls.base_fields[name].initial)
        return cls(connection, data)


def chosen_people(
    request: HttpRequest, queryset: QuerySet[DirectoryUser], connection: Connection
) -> QuerySet[DirectoryUser]:
    """The ticked people, also those whom the present search hides; ``queryset`` is what it shows.

    Raises `PlanError` when one of them is not (or no longer) in this connection's list.
    """
    if is_all_matching(request):
        return queryset.order_by("name", "pk")
    ticked = {*request.POST.getlist(helpers.ACTION_CHECKBOX_NAME), *_posted(request, "ticked")}
    numbers = numbers_in(ticked)
    people = DirectoryUser.objects.filter(connection=connection, pk__in=numbers)
    if len(numbers) < len(ticked) or people.count() < len(numbers):
        raise PlanError(
            "Some of the ticked people are not in this list any more. Nothing was changed:"
            " clear the ticks and choose again."
        )
    return people.order_by("name", "pk")


def is_all_matching(request: HttpRequest) -> bool:
    return request.POST.get("select_across", "0") == "1"


def shown_verdicts(request: HttpRequest) -> dict[str, str]:
    """What the list showed, as `needs_review` wants it: `Match.shown` by Salesforce id."""
    pairs = (text.partition("=") for text in _posted(request, "shown"))
    return {person: verdict for person, _, verdict in pairs}


def _posted(request: HttpRequest, name: str) -> list[str]:
    """A field that may come many times and hold many values, parted by commas."""
    values = (value for field in request.POST.getlist(name) for value in field.split(","))
    return [value for value in values if value]


def person_with_id(people: QuerySet[DirectoryUser], text: str) -> QuerySet[DirectoryUser] | None:
    """The person with this Salesforce id, of 15 or 18 characters; ``None`` where it is not one."""
    try:
        return people.filter(salesforce_id=to_18(text))
    except InvalidSalesforceId:
        return None
