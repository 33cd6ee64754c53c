"""Mass changes that the brakes hold: what would change, and the two answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.reach import person
from integrations.models import Connection, DirectoryUser, HeldChange
from integrations.record_sync.brakes import AlreadyDecided, decide
from integrations.record_sync.previewing import preview_held_change, undecided_changes, waiting_for

from .chosen_connection import changeable_connection
from .subpage import subpage

Kind, Decision = HeldChange.Kind, HeldChange.Decision
EXAMPLES = 20
#: The words of the two buttons.
ANSWERS = {
    Kind.MOVE: ("Move", "Keep with former owner"),
    Kind.TAKE_BACK: ("Take back", "Keep the reports"),
}
_WORDS = {
    Kind.MOVE: ("report would change hands", "reports would change hands"),
    Kind.TAKE_BACK: ("report would be taken back", "reports would be taken back"),
}


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [
        ("held-changes/", held_changes, "held_changes"),
        ("held-changes/<int:change_id>/", answer, "held_change_answer"),
    ]


def open_changes(connection: Connection) -> QuerySet[HeldChange]:
    return undecided_changes().filter(connection=connection)


def words(change: HeldChange, number: int) -> str:
    """“Opportunity: 312 reports would change hands”, without the number."""
    one, many = _WORDS[Kind(change.kind)]
    return f"{change.object_name} {one if number == 1 else many}"


def held_changes(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    return subpage(
        request,
        connection,
        "held_changes",
        title="Unusually many changes",
        changes=[_shown(one) for one in open_changes(connection)],
    )


@require_POST
def answer(request: HttpRequest, connection_id: int, change_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    change = get_object_or_404(HeldChange, pk=change_id, connection=connection)
    if request.POST.get("decision") in Decision.values:
        try:
            decide(change, Decision(request.POST["decision"]), by=person(request))
        except AlreadyDecided as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, "Decided. It is carried out within a minute.")
    return redirect("admin:integrations_connection_held_changes", connection.pk)


def _shown(change: HeldChange) -> dict[str, Any]:
    number = preview_held_change(change)
    yes, no = ANSWERS[Kind(change.kind)]
    return {
        "change": change,
        "number": number,
        "words": words(change, number),
        "yes": yes,
        "no": no,
        "examples": _examples(change),
    }


def _examples(change: HeldChange) -> list[dict[str, Any]]:
    waiting = list(
        waiting_for(change)
        .select_related("report__user", "report__type", "record")
        .order_by("pk")[:EXAMPLES]
    )
    owners = DirectoryUser.objects.filter(
        connection=change.connection_id,
        salesforce_id__in=[one.salesforce_user_id for one in waiting],
    ).defer("search")
    names = {one.salesforce_id: str(one) for one in owners}
    return [
        {"it": one, "to": names.get(one.salesforce_user_id, one.salesforce_user_id)}
        for one in waiting
    ]
