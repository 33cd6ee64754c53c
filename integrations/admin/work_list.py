"""What waits for a person, each with the list that it leads to. Nothing waiting is not shown."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from accounts.capped_paginator import CappedPaginator
from accounts.models import User
from integrations.models import (
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    UserMapping,
)
from integrations.user_sync import returning, work

from .addresses import page_of, people_with, plans_with
from .directory_run import last_run
from .directory_verdicts import (
    counterpart_counts,
    leavers_with_account,
    possible_newcomers,
    without_counterpart,
)
from .record_work import record_work
from .tab_access import shut_out
from .tab_page import waiting_list
from .ticked_mappings import LISTED
from .work_line import Work

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
#: Rows that ended otherwise than planned are work for this long.
RECENT = timedelta(days=30)
MENDABLE = {
    Outcome.CHANGED: "Changed since preview",
    Outcome.NO_SEAT: "Got no seat",
    Outcome.FAILED: "Failed",
}
PLAN_STATES = {
    SyncPlan.State.HELD: "Changes held for your decision",
    SyncPlan.State.DRAFT: "Previews not yet decided",
    SyncPlan.State.STOPPED: "Stopped changes",
    SyncPlan.State.NEEDS_A_PERSON: "Changes that could not go on",
}
ACCOUNT_WORK = (
    ("pending", "Pending people", "connection_pending"),
    ("to_deactivate", "Left Salesforce, still active here", "connection_leavers"),
    ("to_reactivate", "Back in Salesforce, deactivated here", "connection_leavers"),
    ("out_of_scope", "Out of scope, or no longer visible", "connection_leavers"),
    ("email_differs", "Another e-mail in Salesforce", "connection_email_differs"),
    ("unknown_teams", "Team names that do not exist here", "connection_attributes"),
)


def work_list(connection: Connection, viewer: User) -> list[Work]:
    lines = [
        *_refresh(connection),
        *_requests(connection),
        *_people(connection, viewer),
        *_accounts(connection),
        *record_work(connection),
        _without_tab(connection),
        *_plans(connection),
        *_mendable_rows(connection),
    ]
    return [line for line in lines if line.count]


def _refresh(connection: Connection) -> list[Work]:
    run = last_run(connection)
    held = run is not None and run.is_held
    words = "The list of people came out shorter than before, and was not used"
    return [Work("refresh", words, 1 if held else 0, people_with(connection))]


def _people(connection: Connection, viewer: User) -> list[Work]:
    everybody = DirectoryUser.objects.filter(connection=connection)
    new = CappedPaginator(without_counterpart(everybody, connection).order_by("pk"), 1)
    found = counterpart_counts(connection, viewer)
    maps, conflicts = found.by_verdict[Action.MAP], found.by_verdict[Action.CONFLICT]
    counts = {
        Action.CREATE: ("New in Salesforce, without an account", new.count, new.is_capped),
        Action.MAP: ("Suggested matches", maps, found.is_capped),
        Action.CONFLICT: ("Conflicts", conflicts, found.is_capped),
    }
    return [
        Work(verdict, words, number, people_with(connection, verdict=verdict), is_capped)
        for verdict, (words, number, is_capped) in counts.items()
    ]


def _requests(connection: Connection) -> list[Work]:
    asked = work.asked_to_be_added(connection)
    page = page_of("connection_all_active", connection.pk)
    return [
        Work("asked", "Asked to be added", asked.count(), people_with(connection, account="asked")),
        Work(
            "request",
            "Request for all active users, waiting",
            work.open_requests(connection).count(),
            page,
        ),
    ]


def _accounts(connection: Connection) -> list[Work]:
    """What there is to decide about people who have an account."""
    leavers = page_of("connection_leavers", connection.pk)
    return [
        Work("returns", "Came back as a new Salesforce user?", _returns(connection), leavers),
        *(
            Work(key, words, work.rows(key, connection).count(), page_of(page, connection.pk))
            for key, words, page in ACCOUNT_WORK
        ),
    ]


def _without_tab(connection: Connection) -> Work:
    people = CappedPaginator(shut_out(connection).order_by("pk"), 1)
    words = "Cannot open the tab in Salesforce"
    return Work("tab", words, people.count, waiting_list(connection), people.is_capped)


def _returns(connection: Connection) -> int:
    if not leavers_with_account(connection).exists():
        return 0
    newcomers = list(possible_newcomers(connection)[:LISTED])
    return len(returning.returning_leavers(connection, newcomers)) if newcomers else 0


def _plans(connection: Connection) -> list[Work]:
    counts = dict(
        connection.plans.filter(state__in=PLAN_STATES)
        .order_by()
        .values_list("state")
        .annotate(plans=Count("pk"))
    )
    return [
        Work(state, words, counts.get(state, 0), plans_with(connection, state=state))
        for state, words in PLAN_STATES.items()
    ]


def _mendable_rows(connection: Connection) -> list[Work]:
    """Rows of recent imports that ended otherwise, of people who still have no account."""
    has_account = UserMapping.objects.filter(
        connection=connection, salesforce_user_id=OuterRef("salesforce_user_id")
    )
    rows = (
        PlannedChange.objects.filter(
            ~Exists(has_account),
            plan__connection=connection,
            plan__kind=SyncPlan.Kind.IMPORT,
            plan__state=SyncPlan.State.DONE,
            plan__created_at__gt=timezone.now() - RECENT,
            outcome__in=MENDABLE,
        )
        .values_list("plan", "outcome")
        .annotate(rows=Count("pk"))
        .order_by("-plan", "outcome")[:5]
    )
    return [
        Work(
            outcome,
            f"{MENDABLE[outcome]}, in change {plan}",
            number,
            reverse("admin:integrations_syncplan_change", args=[plan]) + f"?show={outcome}",
        )
        for plan, outcome, number in rows
    ]
