"""The filters of *Activity reports* and *Comments*."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Team, User
from accounts.reach import number_in, person, within_reach
from activities.models import ActivityReport

Reports = QuerySet[ActivityReport]
#: A longer menu is no help.
LONGEST_MENU = 200


class PersonFilter(admin.SimpleListFilter):
    """One person, chosen by a link: a menu of thousands would be no help."""

    title = "person"
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = number_in(request.GET.get(self.parameter_name, ""))
        people = within_reach(User.objects.filter(pk=chosen), person(request))
        return [(str(user.pk), str(user)) for user in people]

    def has_output(self) -> bool:
        """Also for somebody out of reach, or Django would leave the filter out and show all."""
        return self.value() is not None

    def queryset(self, request: HttpRequest, queryset: Reports) -> Reports:
        return _of_chosen(self, queryset, "user")


class TeamFilter(admin.SimpleListFilter):
    title = "team"
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        teams = within_reach(Team.objects.order_by("name"), person(request))
        return [(str(team.pk), team.name) for team in teams[:LONGEST_MENU]]

    def queryset(self, request: HttpRequest, queryset: Reports) -> Reports:
        return _of_chosen(self, queryset, "team")


class PublishedFilter(admin.SimpleListFilter):
    title = "published"
    parameter_name = "published"
    DAYS = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.DAYS.items())

    def queryset(self, request: HttpRequest, queryset: Reports) -> Reports:
        days = self.value()
        if days not in self.DAYS:
            return queryset
        return queryset.filter(published_at__gte=timezone.now() - dt.timedelta(days=int(days)))


class _StandingFilter(admin.SimpleListFilter):
    """What stands in the feed, or what was ended: then ``ended_at`` says when."""

    title = "state"
    ended_at: ClassVar[str]
    words: ClassVar[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(zip(("no", "yes"), self.words, strict=True))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(**{f"{self.ended_at}__isnull": self.value() == "no"})


class TakenBackFilter(_StandingFilter):
    parameter_name = "taken_back"
    ended_at = "retracted_at"
    words = ("Counts", "Taken back")


class DeletedFilter(_StandingFilter):
    parameter_name = "deleted"
    ended_at = "deleted_at"
    words = ("In the feed", "Deleted")


def _of_chosen(chosen: admin.SimpleListFilter, reports: Reports, field: str) -> Reports:
    value = chosen.value()
    if not value:
        return reports
    is_offered = any(str(key) == value for key, _ in chosen.lookup_choices)
    return reports.filter(**{field: int(value)}) if is_offered else reports.none()
