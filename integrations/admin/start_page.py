"""The admin's first page: how the connection is, what to do next, what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from accounts.reach import person
from accounts.seats import Seats
from integrations.demo.first_steps import first_steps
from integrations.models import AccessRequest, Connection, Heartbeat, PlannedChange, SyncPlan
from integrations.user_sync.progress import SILENT_AFTER

from .approach_cards import Card, approach_cards
from .chosen_connection import chosen_connection, visible_connections
from .connection_health import health
from .connection_page import STATE_CHIPS
from .freshness import freshness
from .plan_counts import with_row_counts
from .reports_by_day import reports_by_day
from .set_up import SetUpStep, set_up
from .shown_plan import ShownPlan
from .work_line import Work
from .work_list import work_list

Action = PlannedChange.Action
State = Connection.State
#: Connections on the home of support staff; the list behind it has them all.
CONNECTIONS_SHOWN = 50


@dataclass(frozen=True)
class ShownConnection:
    """A connection in one sentence, with its state."""

    connection: Connection

    @property
    def tone(self) -> str:
        return STATE_CHIPS[State(self.connection.state)]

    @property
    def host(self) -> str:
        return (self.connection.instance_url or self.connection.login_url).partition("://")[2]


def start_page(request: HttpRequest) -> dict[str, Any]:
    """Of the connection in the address, or the company's own; support staff begin with all."""
    user = person(request)
    connection = chosen_connection(request)
    if connection is None and user.is_superuser:
        return support_home(user)
    return company_home(user, connection)


def company_home(user: User, connection: Connection | None) -> dict[str, Any]:
    steps = set_up(connection)
    mail = {"mail_is_set_up": settings.EMAIL_CONFIGURED}
    if connection is None:
        return {"title": "Salesforce", "steps": steps, "primary": steps[0].address} | mail
    others = visible_connections(user).filter(company=connection.company_id)
    work = work_list(connection, user)
    is_set_up = connection.state not in (State.NOT_CONNECTED, State.TERMINATED)
    cards = approach_cards(connection, _importable(work)) if is_set_up else []
    return mail | {
        "title": str(connection),
        "first_steps": first_steps(connection),
        "shown": ShownConnection(connection),
        "health": health(connection),
        "others": others.exclude(pk=connection.pk),
        "steps": steps,
        "cards": cards,
        "primary": _primary(connection, steps, cards),
        "work": work,
        "last_changes": ShownPlan.newest(connection),
        "seats": _seats(connection.company),
        "freshness": freshness(connection) if connection.has_access else [],
        "chart": reports_by_day(connection.company),
    }


def _importable(work: Sequence[Work]) -> str:
    """How many people one could choose from: “36”, “10,000+”, or nothing."""
    lines = [line for line in work if line.kind in (Action.CREATE, Action.MAP, Action.CONFLICT)]
    number = sum(line.count for line in lines)
    capped = any(line.is_capped for line in lines)
    return f"{number:,}{'+' if capped else ''}" if number else ""


def _primary(connection: Connection, steps: Sequence[SetUpStep], cards: Sequence[Card]) -> str:
    """The address of the one button that stands out; empty where nothing needs doing."""
    if connection.state == State.PAUSED:
        return reverse("admin:integrations_connection_resume", args=[connection.pk])
    if cards and cards[0].is_wanted and connection.has_access:
        return cards[0].address
    first = next((step for step in steps if not step.is_done and step.button), None)
    return first.address if first else ""


def support_home(user: User) -> dict[str, Any]:
    """All companies: what needs somebody first."""
    troubled = (State.RECONNECT_REQUIRED, State.NEEDS_ATTENTION)
    connections = visible_connections(user).order_by(
        Case(
            *(When(state=state, then=Value(n)) for n, state in enumerate(troubled)),
            default=Value(len(troubled)),
            output_field=IntegerField(),
        ),
        "company__name",
        "pk",
    )
    return {
        "title": "Companies",
        "is_support": True,
        "requests": _open_requests(),
        "connections": [ShownConnection(one) for one in connections[:CONNECTIONS_SHOWN]],
        "without_connection": Company.objects.filter(connections=None).order_by("name")[
            :CONNECTIONS_SHOWN
        ],
        "held_plans": _plans_that_wait(SyncPlan.State.HELD),
        "stuck_plans": _plans_that_wait(SyncPlan.State.NEEDS_A_PERSON),
        "silent_workers": Heartbeat.objects.filter(at__lt=timezone.now() - SILENT_AFTER),
        "mail_is_set_up": settings.EMAIL_CONFIGURED,
    }


def _open_requests() -> QuerySet[AccessRequest]:
    """The longest waiting first."""
    requests = AccessRequest.objects.filter(decision="", withdrawn_at=None)
    return requests.select_related("company", "connection", "requested_by").order_by(
        "requested_at"
    )[:CONNECTIONS_SHOWN]


def _plans_that_wait(state: str) -> list[ShownPlan]:
    plans = SyncPlan.objects.filter(state=state).select_related("company", "connection")
    newest = plans.order_by("-pk")
    return [ShownPlan.of(plan) for plan in with_row_counts(newest)[:CONNECTIONS_SHOWN]]


def _seats(company: Company) -> Seats | None:
    """Only where there is a limit is there anything to say."""
    if company.seat_limit is None:
        return None
    used = User.objects.in_a_seat().filter(company=company).count()
    return Seats(limit=company.seat_limit, used=used)
