from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.admin_base import CompanyScopedAdmin
from accounts.models import Team, User


@admin.register(Team)
class TeamAdmin(CompanyScopedAdmin[Team]):
    list_display = ["name", "people"]
    ordering = ["name"]
    search_fields = ["name"]
    fields = ["company", "name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        # A subquery counts the page's teams only; a join would group all people first.
        people = (
            User.objects.filter(team=OuterRef("pk"), state=User.State.ACTIVE)
            .order_by()
            .values("team")
            .annotate(count=Count("pk"))
            .values("count")
        )
        counted = Coalesce(Subquery(people, output_field=IntegerField()), 0)
        return super().get_queryset(request).select_related("company").annotate(people=counted)

    def response_post_save_add(self, request: HttpRequest, obj: Team) -> HttpResponseRedirect:
        """Back to the page whose link asked for this team, where one did."""
        came_from = request.GET.get("next", "")
        if url_has_allowed_host_and_scheme(came_from, allowed_hosts=None):  # a path within here
            return redirect(came_from)
        return super().response_post_save_add(request, obj)

    @admin.display(description="active people", ordering="people")
    def people(self, team: Team) -> int:
        count: int = team.people  # type: ignore[attr-defined] # annotated above
        return count
