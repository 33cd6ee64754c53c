"""*All active users*: asked for with a plan and a note, decided by somebody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from accounts.models import User
from accounts.reach import number_in, person
from integrations.models import AccessRequest, Approach, Connection, PlannedChange, SyncPlan
from integrations.user_sync import approving, deciding, preparing, replanning, requesting
from integrations.user_sync.errors import PlanError

from .addresses import page_of
from .chosen_connection import changeable_connection
from .plan_counts import Counts
from .plan_page import preview, result
from .plan_words import GROUPS
from .subpage import attempt, show_plan, subpage
from .typed_text import typed_note, typed_reason

Action = PlannedChange.Action
State = SyncPlan.State
LONGEST_NOTE = 2_000


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [
        ("all-active/", all_active, "all_active"),
        ("all-active/preview/", make_preview, "all_active_preview"),
        ("all-active/<str:act>/", decide, "all_active_decide"),
    ]


def all_active(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    newest = newest_request(connection)
    return subpage(
        request,
        connection,
        "all_active",
        title="All active users",
        request_=newest,
        longest_note=LONGEST_NOTE,
        **(_about(newest, person(request)) if newest else {}),
        **(_about_draft(connection) if newest is None or not newest.is_open else {}),
    )


@require_POST
def make_preview(request: HttpRequest, connection_id: int) -> HttpResponse:
    """What everybody would get, row by row; nobody is asked yet."""
    connection = changeable_connection(request, connection_id)

    def act() -> HttpResponse:
        for old in (*_previews(connection, State.PREPARING), *_previews(connection, State.DRAFT)):
            approving.discard(old, by=person(request))
        people = requesting.everybody(connection)
        plan = preparing.plan_import(
            connection, people, by=person(request), approach=Approach.ALL_ACTIVE
        )
        return show_plan(plan) if plan.state == State.PREPARING else _to_page(connection)

    return attempt(request, act) or _to_page(connection)


@require_POST
def decide(request: HttpRequest, connection_id: int, act: str) -> HttpResponse:
    """Request, approve, refuse, withdraw or plan again. Who may is decided by `requesting`."""
    connection = changeable_connection(request, connection_id)
    step = STEPS.get(act)

    def carry_out() -> HttpResponse:
        if step is None:
            raise PlanError("There is no such button.")
        return step(request, connection) or _to_page(connection)

    return attempt(request, carry_out) or _to_page(connection)


def newest_request(connection: Connection) -> AccessRequest | None:
    """The open request, else the last one that was decided; a withdrawn one is over."""
    requests = connection.access_requests.filter(withdrawn_at=None)
    return (
        requests.select_related("company", "connection", "plan", "requested_by", "decided_by")
        .order_by("-requested_at")
        .first()
    )


def _request(request: HttpRequest, connection: Connection) -> HttpResponse | None:
    """What is requested is the plan that was looked at."""
    looked_at = number_in(request.POST.get("plan", "")) or 0
    plan = _previews(connection, State.DRAFT).filter(pk=looked_at).first()
    if plan is None:
        raise PlanError("This preview is no longer there. Look at a new one first.")
    note = typed_note(request, LONGEST_NOTE)
    requesting.request(connection, by=person(request), note=note, plan=plan)
    messages.success(request, "Requested. You are told as soon as it is decided.")
    return None


def _approve(request: HttpRequest, connection: Connection) -> HttpResponse | None:
    return show_plan(deciding.approve(_open(request, connection), by=person(request)))


def _refuse(request: HttpRequest, connection: Connection) -> HttpResponse | None:
    reason = typed_reason(request, LONGEST_NOTE)
    deciding.refuse(_open(request, connection), by=person(request), reason=reason)
    messages.success(request, "Refused. Whoever asked is told why.")
    return None


def _withdraw(request: HttpRequest, connection: Connection) -> HttpResponse | None:
    requesting.withdraw(_open(request, connection), by=person(request))
    messages.success(request, "Withdrawn. Nothing was changed.")
    return None


def _plan_again(request: HttpRequest, connection: Connection) -> HttpResponse | None:
    found, by = _open(request, connection), person(request)
    if found.plan.changes.count() > preparing.AT_ONCE:
        async_task("integrations.tasks.plan_request_again", found.pk, by.pk)
        messages.success(request, "It is being planned again. Look at this page in a minute.")
    else:
        replanning.plan_again(found, by=by)
        messages.success(request, "Planned again, on what is true now.")
    return None


STEPS: dict[str, Callable[[HttpRequest, Connection], HttpResponse | None]] = {
    "request": _request,
    "approve": _approve,
    "refuse": _refuse,
    "withdraw": _withdraw,
    "plan-again": _plan_again,
}


def _open(request: HttpRequest, connection: Connection) -> AccessRequest:
    """The request whose page was looked at, if its plan is still the same."""
    found = newest_request(connection)
    if found is None or str(found.pk) != request.POST.get("request"):
        raise PlanError("This request was withdrawn, or there is a newer one. Look at it again.")
    if str(found.plan_id) != request.POST.get("plan"):
        raise PlanError("It was planned again meanwhile. Look at what differs first.")
    return found


def _about(found: AccessRequest, viewer: User) -> dict[str, Any]:
    counts = Counts.of(found.plan)
    why_not = deciding.why_not(found, viewer)
    return {
        "plan": found.plan,
        "numbers": _numbers(counts),
        "became": _became(found, counts),
        "difference": replanning.difference(found),
        "is_old": timezone.now() - found.planned_at > replanning.PLANNED_AGAIN_AFTER,
        "may_decide": found.is_open and not why_not,
        "why_not": why_not,
        "deciders": deciding.deciders(found)[:20],
        "may_withdraw": found.is_open,
        **preview(found.plan, counts),
    }


def _became(found: AccessRequest, counts: Counts) -> str:
    """What was done; nothing where it was never approved."""
    if found.decision != AccessRequest.Decision.APPROVED:
        return ""
    if found.plan.state not in SyncPlan.STATES_UNDER_WAY:
        return result(counts)
    done = counts.with_outcome(PlannedChange.Outcome.DONE)
    return f"Under way: {done:,} of {counts.effective:,} done so far."


def _about_draft(connection: Connection) -> dict[str, Any]:
    """A preview that nobody has requested yet."""
    draft = _previews(connection, State.DRAFT).first()
    if draft is None:
        return {"draft": None, "preparing": _previews(connection, State.PREPARING).first()}
    counts = Counts.of(draft)
    shown = {"numbers": _numbers(counts), **preview(draft, counts)}
    return {"draft": draft, "draft_shown": shown}


def _numbers(counts: Counts) -> list[tuple[str, int]]:
    words_of = GROUPS | {Action.CONFLICT: "Conflicts"}
    named = [(words, counts.with_action(action)) for action, words in words_of.items()]
    return [(words, number) for words, number in named if number]


def _previews(connection: Connection, state: SyncPlan.State) -> QuerySet[SyncPlan]:
    """Those of today; older ones say nothing about now."""
    return connection.plans.filter(
        approach=Approach.ALL_ACTIVE,
        kind=SyncPlan.Kind.IMPORT,
        state=state,
        created_at__gt=timezone.now() - timedelta(days=1),
    ).order_by("-pk")


def _to_page(connection: Connection) -> HttpResponse:
    return redirect(page_of("connection_all_active", connection.pk))
