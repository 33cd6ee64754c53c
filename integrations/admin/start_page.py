"""The admin's first page: how the connection is, what to do next, what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest

from accounts.admin_base import person
from accounts.models import Company, User
from accounts.seats import Seats
from integrations.models import Connection, SyncPlan

from .chosen_connection import visible_connections
from .connection_page import STATE_CHIPS
from .next_step import next_step
from .plan_rows import Counts
from .plan_words import STATE_TONES, title
from .work_list import work_list

State = Connection.State
LAST_CHANGES = 5
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


@dataclass(frozen=True)
class ShownPlan:
    plan: SyncPlan

    @property
    def counts(self) -> Counts:
        return Counts.of(self.plan)

    @property
    def title(self) -> str:
        counts = self.counts
        done = counts.with_outcome("done")
        return title(self.plan, done if self.plan.state == SyncPlan.State.DONE else counts.total)

    @property
    def tone(self) -> str:
        return STATE_TONES.get(SyncPlan.State(self.plan.state), "")


def start_page(request: HttpRequest) -> dict[str, Any]:
    user = person(request)
    return support_home(user) if user.is_superuser else company_home(user)


def company_home(user: User) -> dict[str, Any]:
    assert user.company is not None
    connections = list(visible_connections(user))
    current = connections[0] if connections else None
    work = work_list(current, user) if current else []
    return {
        "title": "Salesforce",
        "connections": [ShownConnection(connection) for connection in connections],
        "next_step": next_step(current, work),
        "work": work,
        "last_changes": _last_changes(current) if current else [],
        "seats": _seats(user.company),
        "mail_is_set_up": settings.EMAIL_CONFIGURED,
    }


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
    stuck = SyncPlan.objects.filter(state=SyncPlan.State.NEEDS_A_PERSON)
    return {
        "title": "Companies",
        "is_support": True,
        "connections": [ShownConnection(one) for one in connections[:CONNECTIONS_SHOWN]],
        "without_connection": Company.objects.filter(connections=None).order_by("name")[
            :CONNECTIONS_SHOWN
        ],
        "stuck_plans": stuck.select_related("company").order_by("-pk")[:CONNECTIONS_SHOWN],
        "mail_is_set_up": settings.EMAIL_CONFIGURED,
    }


def _last_changes(connection: Connection) -> list[ShownPlan]:
    plans = (
        connection.plans.exclude(state=SyncPlan.State.DISCARDED)
        .select_related("created_by", "approved_by")
        .order_by("-created_at", "-pk")
    )
    return [ShownPlan(plan) for plan in plans[:LAST_CHANGES]]


def _seats(company: Company) -> Seats | None:
    """Only where there is a limit is there anything to say."""
    if company.seat_limit is None:
        return None
    used = User.objects.in_a_seat().filter(company=company).count()
    return Seats(limit=company.seat_limit, used=used)
