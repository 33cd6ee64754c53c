"""*Explain this person*: the five steps with their verdicts, and what would happen now."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from integrations.models import Approach, DirectoryUser
from integrations.user_sync.explaining import explain

from .chosen_connection import changeable_connection
from .subpage import subpage


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("people/<int:person_id>/explain/", explain_person, "explain")]


def explain_person(request: HttpRequest, connection_id: int, person_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    people = DirectoryUser.objects.select_related(
        "connection__company", "ignored_by", "unlinked_by", "wanted_workflow"
    ).defer("search")
    chosen = get_object_or_404(people, pk=person_id, connection=connection)
    explanation = explain(chosen)
    return subpage(
        request,
        connection,
        "explain",
        title=str(chosen),
        explanation=explanation,
        person=chosen,
        would_happen=[
            (approach.label, explanation.would_happen[approach]) for approach in Approach
        ],
    )
