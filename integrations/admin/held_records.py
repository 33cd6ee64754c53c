"""Records that wait for people: how many for whom, why, and a button to import them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.bulk_writer import storable
from accounts.models import User
from accounts.reach import person
from integrations.models import Connection, DirectoryUser, Evaluation, PlannedChange
from integrations.user_sync.errors import PlanError
from integrations.user_sync.matching import Match, Matcher
from integrations.user_sync.preparing import plan_import

from .chosen_connection import changeable_connection
from .subpage import attempt, show_plan, subpage

#: People listed, those with the most records first.
LISTED = 200
Hold = Evaluation.Hold
Action = PlannedChange.Action
#: Of people who may have an account; the match's own reason stands below.
_WHY = {
    Action.MAP: "Has an account, not mapped yet",
    Action.CONFLICT: "Not mapped: somebody has to decide",
}


@dataclass(frozen=True)
class HeldPerson:
    salesforce_id: str
    person: DirectoryUser | None  # nobody has read them yet
    hold: str
    records: int
    since: datetime | None
    match: Match | None  # what importing them would do now

    @property
    def why(self) -> str:
        if self.hold != Hold.NOT_MAPPED or self.match is None:
            return str(Hold(self.hold).label)
        if self.match.verdict == Action.NOTHING:
            return self.match.reason
        return _WHY.get(self.match.verdict, "No account yet")

    @property
    def details(self) -> str:
        if self.hold != Hold.NOT_MAPPED or self.match is None or self.match.verdict not in _WHY:
            return ""
        return self.match.reason

    @property
    def may_be_imported(self) -> bool:
        is_possible = self.match is not None and self.match.verdict != Action.NOTHING
        return is_possible and self.hold == Hold.NOT_MAPPED


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("held-records/", held_records, "held_records")]


def held_records(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if request.method == "POST":
        answer = attempt(request, lambda: _import(request, connection))
        if answer is not None:
            return answer
    people = held_people(connection, person(request))
    return subpage(
        request,
        connection,
        "held_records",
        title="Records that wait for people",
        people=people,
        importable=sum(one.may_be_imported for one in people),
        is_cut=len(people) == LISTED,
        days=settings.HELD_RECORD_DAYS,
    )


def held(connection: Connection) -> QuerySet[Evaluation]:
    """What becomes a report as soon as somebody has an account, or has it again."""
    return Evaluation.objects.filter(
        workflow__connection=connection, verdict=Evaluation.Verdict.HELD
    )


def held_people(connection: Connection, viewer: User) -> list[HeldPerson]:
    rows = list(
        held(connection)
        .values("salesforce_user_id", "hold")
        .annotate(records=Count("pk"), since=Min("held_since"))
        .order_by("-records", "salesforce_user_id")[:LISTED]
    )
    directory = DirectoryUser.objects.filter(
        connection=connection, salesforce_id__in=[row["salesforce_user_id"] for row in rows]
    ).defer("search")
    known = {one.salesforce_id: one for one in directory}
    matches = Matcher(connection, viewer=viewer).match(list(known.values()))
    found = []
    for row in rows:
        one = known.get(row["salesforce_user_id"])
        match = matches[one.pk] if one else None
        found.append(
            HeldPerson(
                row["salesforce_user_id"], one, row["hold"], row["records"], row["since"], match
            )
        )
    return found


def _import(request: HttpRequest, connection: Connection) -> HttpResponse:
    """The ticked ones by the on-demand way, with its preview."""
    if not request.user.has_perm("integrations.add_syncplan"):
        raise PermissionDenied
    ticked = {storable(text) for text in request.POST.getlist("person")}
    people = DirectoryUser.objects.filter(connection=connection, salesforce_id__in=ticked)
    if not people.exists():
        raise PlanError("Tick whom to import.")
    return show_plan(plan_import(connection, people, by=person(request)))
