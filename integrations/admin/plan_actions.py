"""The buttons of a plan's page. Each is a POST; each goes back to the page, with the reason when
it was not possible.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_q.tasks import async_task

from accounts.invitations import invite
from accounts.reach import number_in, numbers_in, person, within_reach
from integrations.models import PlannedChange, SyncPlan
from integrations.user_sync import approving, held, reviewing
from integrations.user_sync.errors import PlanError
from integrations.user_sync.mapping_again import map_again
from integrations.user_sync.planning import needs_review
from integrations.user_sync.preparing import plan_again, plan_joining, plan_revert
from integrations.user_sync.progress import progress

from .addresses import page_of, people_with
from .plan_counts import Counts
from .plan_page import OFFERED_AGAIN, is_requested_kind, told_by_ticks
from .plan_rows import to_invite
from .plan_words import title
from .subpage import attempt, show_plan
from .typed_text import typed_reason
from .words import counted

View = Callable[..., HttpResponse]
PlanView = Callable[..., HttpResponse | None]


def urls() -> list[tuple[str, View, str]]:
    """Address below a plan's id, view and name of each."""
    return [
        ("approve/", approve, "approve"),
        ("discard/", discard, "discard"),
        ("refuse/", refuse_all, "refuse"),
        ("stop/", stop, "stop"),
        ("continue/", resume, "continue"),
        ("again/", again, "again"),
        ("revert/", revert, "revert"),
        ("invite/", send_invitations, "invite"),
        ("teams/", join_teams, "teams"),
        ("map-again/", map_everybody_again, "map_again"),
        ("rows/", tick_row, "tick"),
        ("rows/<int:row_id>/", resolve, "resolve"),
        ("progress/", news, "progress"),
    ]


def find_plan(request: HttpRequest, plan_id: int) -> SyncPlan:
    """The plan, for somebody who may change it; 404 for another company's."""
    plans = within_reach(SyncPlan.objects.all(), person(request)).select_related(
        "company", "connection", "created_by", "approved_by", "reverts", "team"
    )
    plan = get_object_or_404(plans, pk=plan_id)
    if not request.user.has_perm("integrations.change_syncplan", plan):
        raise PermissionDenied
    return plan


def button(view: PlanView) -> View:
    """A POST about one plan. The view may answer itself; else its page says what was refused."""

    @wraps(view)
    def press(request: HttpRequest, plan_id: int, **kwargs: Any) -> HttpResponse:
        plan = find_plan(request, plan_id)
        pressed = partial(view, request, plan, **kwargs)
        return attempt(request, pressed) or show_plan(plan)

    return require_POST(press)


@button
def approve(request: HttpRequest, plan: SyncPlan) -> None:
    """Store the ticks of the page that was looked at and decide by them; nobody comes between."""
    listed = numbers_in(request.POST.getlist("listed"))
    unticked = listed - numbers_in(request.POST.getlist("row"))
    by = person(request)
    with transaction.atomic():
        plan = approving.lock(plan)
        if plan.state in SyncPlan.STATES_OPEN:
            reviewing.set_ticks(plan, ticked=listed - unticked, unticked=unticked, by=by)
        if plan.state == SyncPlan.State.HELD:
            # On other pages of the list another person's ticks are not this one's refusals.
            elsewhere = Q(included=False) & (Q(decided_by=None) | Q(decided_by=by))
            refused = Q(pk__in=unticked) | (elsewhere & ~Q(pk__in=listed))
            _decide_held(request, plan, plan.changes.filter(refused))
        else:
            approving.approve(plan, by=by)


@button
def refuse_all(request: HttpRequest, plan: SyncPlan) -> None:
    """Every row of a held plan is refused."""
    _decide_held(request, plan, plan.changes.all())


def _decide_held(request: HttpRequest, plan: SyncPlan, refused: QuerySet[PlannedChange]) -> None:
    """The answer about refused rows is kept, and nobody is asked again."""
    ids = list(refused.values_list("pk", flat=True))
    reason = typed_reason(request)
    held.decide(plan, by=person(request), refuse=ids, reason=reason)


@button
def discard(request: HttpRequest, plan: SyncPlan) -> HttpResponse:
    approving.discard(plan, by=person(request))
    messages.success(request, "Discarded. Nothing was changed.")
    return redirect(people_with(plan.connection))


@button
def stop(request: HttpRequest, plan: SyncPlan) -> None:
    approving.stop(plan, by=person(request))


@button
def resume(request: HttpRequest, plan: SyncPlan) -> None:
    approving.resume(plan, by=person(request))


@button
def again(request: HttpRequest, plan: SyncPlan) -> HttpResponse:
    """A new plan for rows that changed, found no seat or failed; failed ones start at once."""
    ended = request.POST.get("outcome", "")
    if ended not in OFFERED_AGAIN:
        raise PlanError("Choose which rows to plan again.")
    if is_requested_kind(plan):
        messages.info(request, "Accounts for everybody are requested: look at a new preview here.")
        return redirect(page_of("connection_all_active", plan.connection_id))
    fresh = plan_again(plan, [ended], by=person(request))
    if ended == PlannedChange.Outcome.FAILED and not needs_review(fresh):
        approving.approve(fresh, by=person(request))
    return show_plan(fresh)


@button
def revert(request: HttpRequest, plan: SyncPlan) -> HttpResponse:
    ignore = request.POST.get("ignore") == "1"
    return show_plan(plan_revert(plan, by=person(request), ignore=ignore))


@button
def send_invitations(request: HttpRequest, plan: SyncPlan) -> HttpResponse | None:
    """By mail through the worker; as links on a page of their own where no mail is set up."""
    accounts = list(to_invite(plan).select_related("company").defer("search"))
    if not accounts:
        raise PlanError(
            "Everybody whom this import gave access is invited already, or has logged in."
        )
    if not settings.EMAIL_CONFIGURED:
        invited = invite(accounts, person(request), request)
        return _show_links(request, plan, invited.links)
    ids = [account.pk for account in accounts]
    now = timezone.now().isoformat()
    async_task("accounts.tasks.send_invitations", ids, person(request).pk, now)
    messages.success(request, f"{counted(len(ids), 'invitation')} on the way.")
    return None


@button
def join_teams(request: HttpRequest, plan: SyncPlan) -> HttpResponse:
    return show_plan(plan_joining(plan, by=person(request)))


@button
def map_everybody_again(request: HttpRequest, plan: SyncPlan) -> None:
    number = map_again(plan, by=person(request))
    messages.success(request, f"{counted(number, 'account')} will be reactivated and mapped again.")


@button
def resolve(request: HttpRequest, plan: SyncPlan, row_id: int) -> HttpResponse:
    row = get_object_or_404(plan.changes, pk=row_id)
    answer = request.POST.get("answer", "")
    account = request.POST.get("account", "")
    if answer not in reviewing.Resolution.values:
        raise PlanError("Choose one of the answers.")
    reviewing.resolve_conflict(
        row,
        answer,
        by=person(request),
        account_id=number_in(account),
    )
    return redirect(f"{show_plan(plan)['Location']}#row-{row_id}")


@require_POST
def tick_row(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Tick or untick one row without leaving the page; answers with the words that change."""
    plan = find_plan(request, plan_id)
    row = get_object_or_404(plan.changes, pk=number_in(request.POST.get("row", "")))
    try:
        reviewing.set_included(row, request.POST.get("included") == "1", by=person(request))
    except PlanError as error:
        return JsonResponse({"error": str(error)}, status=409)
    counts = Counts.of(plan)
    return JsonResponse({"title": title(plan, counts), **told_by_ticks(plan, counts)})


@require_GET
def news(request: HttpRequest, plan_id: int) -> HttpResponse:
    plan = find_plan(request, plan_id)
    context = {"plan": plan, "progress": progress(plan)}
    return render(request, "integrations/plan_progress_state.html", context)


def _show_links(request: HttpRequest, plan: SyncPlan, links: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Invitation links",
        "plan": plan,
        "links": links,
    }
    return TemplateResponse(request, "integrations/invitation_links.html", context)
