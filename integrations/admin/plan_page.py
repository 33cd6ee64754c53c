"""What a plan's page shows: the preview, the progress, and in the end what became of each row."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.seats import Seats
from activities.models import ActivityReport
from integrations.models import Approach, PlannedChange, SyncPlan
from integrations.user_sync import combining
from integrations.user_sync.late_teams import to_join
from integrations.user_sync.mapping_again import AT_ONCE, to_map_again
from integrations.user_sync.planning import seats_needed
from integrations.user_sync.preparing import PLANNED_AGAIN
from integrations.user_sync.progress import progress
from integrations.user_sync.reverting import is_reverted
from integrations.user_sync.wanted import takes_from_a_workflow

from .plan_counts import Counts
from .plan_rows import PlanRows, to_invite
from .plan_words import STATE_TONES, button_words, title
from .support_details import details_of_plan
from .words import counted, listed

Action = PlannedChange.Action
State = SyncPlan.State
Outcome = PlannedChange.Outcome
#: What was done, as one and as many.
RESULTS: dict[Action, tuple[str, str]] = {
    Action.CREATE: ("new account", "new accounts"),
    Action.MAP: ("mapped to an existing account", "mapped to existing accounts"),
    Action.MOVE: ("mapping moved", "mappings moved"),
    Action.REACTIVATE: ("account reactivated", "accounts reactivated"),
    Action.REMOVE: ("account removed", "accounts removed"),
    Action.DEACTIVATE: ("account deactivated", "accounts deactivated"),
    Action.UNMAP: ("unmapped", "unmapped"),
    Action.RELINK: ("linked again", "linked again"),
    Action.MOVE_BACK: ("mapping moved back", "mappings moved back"),
    Action.COMBINE: ("account combined with another", "accounts combined with another"),
    Action.SEPARATE: ("account separated again", "accounts separated again"),
    Action.UPDATE: ("account updated", "accounts updated"),
    Action.SUSPEND: ("account deactivated", "accounts deactivated"),
    Action.UNLINK: ("unlinked", "unlinked"),
    Action.KEEP: ("account kept", "accounts kept"),
    Action.NO_LONGER_KEEP: ("account no longer kept", "accounts no longer kept"),
    Action.IGNORE: ("person ignored", "people ignored"),
    Action.STOP_IGNORING: ("person no longer ignored", "people no longer ignored"),
}

#: What was not done, after its number.
LEFT = {
    Outcome.CHANGED: "changed since preview",
    Outcome.NO_SEAT: "without a free seat",
    Outcome.FAILED: "failed",
}

#: Which rows can be tried once more, in the words of the button and what it calls them.
OFFERED_AGAIN = {
    Outcome.CHANGED: ("Plan the {} again", "changed row"),
    Outcome.NO_SEAT: ("Try the {} again", "row without a seat"),
    Outcome.FAILED: ("Retry the {}", "failed row"),
}


def plan_page(request: HttpRequest, plan: SyncPlan) -> dict[str, Any]:
    counts = Counts.of(plan)
    is_draft = plan.state in SyncPlan.STATES_OPEN
    is_preview = is_draft or plan.state == State.REQUESTED
    is_being_prepared = plan.state == State.PREPARING
    rows = PlanRows(plan, counts, request.GET.get("show", ""), request.GET.get("p", "1"))
    return {
        "plan": plan,
        "title": title(plan, counts),
        "state_tone": STATE_TONES.get(State(plan.state), ""),
        "connection": plan.connection,
        "is_draft": is_draft,
        "is_preview": is_preview,
        "asks_for_request": is_preview and is_requested_kind(plan),
        "is_being_prepared": is_being_prepared,
        "is_under_way": is_being_prepared or plan.state in SyncPlan.STATES_UNDER_WAY,
        "can_continue": plan.state in (State.STOPPED, State.NEEDS_A_PERSON),
        "counts": counts,
        "rows": rows,
        "reverted_by": plan.reverted_by.exclude(state=State.DISCARDED).order_by("-pk").first(),
        "combination": combining.preview(plan)
        if is_draft and plan.kind == SyncPlan.Kind.COMBINE
        else None,
        **(preview(plan, counts) if is_preview else outcome(plan, counts)),
    }


def is_requested_kind(plan: SyncPlan) -> bool:
    """Whether somebody else decides about the plan, on the page of its request."""
    return plan.approach == Approach.ALL_ACTIVE and plan.kind == SyncPlan.Kind.IMPORT


def told_by_ticks(plan: SyncPlan, counts: Counts) -> dict[str, Any]:
    """What changes with every tick: the button's words, the seats."""
    seats = Seats(
        limit=plan.company.seat_limit,
        used=User.objects.in_a_seat().filter(company=plan.company_id).count(),
    )
    needed = seats_needed(plan)
    return {
        "button": button_words(plan.kind, counts.effective_by_action),
        "can_approve": counts.effective > 0,
        "seats": _seats(seats, needed),
        "seats_short": not seats.has_room_for(needed),
    }


def preview(plan: SyncPlan, counts: Counts) -> dict[str, Any]:
    """What would happen, and what is still to be decided."""
    conflicts = counts.with_action(PlannedChange.Action.CONFLICT)
    return {
        **told_by_ticks(plan, counts),
        "open_conflicts": f"{counted(conflicts, 'person waits', 'people wait')} for your decision."
        " Whoever is left undecided is left as they are."
        if conflicts
        else "",
        "to_map_again": to_map_again(plan),
        "mapped_again_at_once": AT_ONCE,
        "emails_differ": plan.changes.filter(values__emails_differ=True).count()
        if plan.kind == SyncPlan.Kind.MAPPINGS
        else 0,
        **(_stays(plan, counts) if plan.kind == SyncPlan.Kind.REVERT else {}),
    }


def _stays(plan: SyncPlan, counts: Counts) -> dict[str, bool]:
    """What a revert leaves behind."""
    deactivated = plan.changes.filter(action=Action.DEACTIVATE).values("account")
    return {
        "cannot_be_undone": counts.with_action(Action.NOTHING) > 0,
        "reports_stay": ActivityReport.objects.filter(
            user__in=deactivated, retracted_at__isnull=True
        ).exists(),
    }


def outcome(plan: SyncPlan, counts: Counts) -> dict[str, Any]:
    """What is offered once a plan is approved."""
    is_done = plan.state == State.DONE
    is_import = is_done and plan.kind == SyncPlan.Kind.IMPORT
    invitable = to_invite(plan).count() if is_import else 0
    joining = to_join(plan) if is_import else 0
    return {
        "progress": progress(plan),
        "support_details": details_of_plan(plan, counts),
        "again": again(plan, counts) if is_done else [],
        "can_revert": plan.kind != SyncPlan.Kind.REVERT
        and plan.state in (State.DONE, State.STOPPED, State.NEEDS_A_PERSON)
        and counts.with_outcome(Outcome.DONE) > 0
        and not is_reverted(plan),
        "revert_may_ignore": plan.connection.automatic_is_on
        and plan.kind == SyncPlan.Kind.IMPORT
        and takes_from_a_workflow(plan.connection),
        "to_join": counted(joining, "person", "people") if joining else "",
        "to_invite": counted(invitable, "person", "people") if invitable else "",
        "mail_is_set_up": settings.EMAIL_CONFIGURED,
        "result": result(counts),
    }


def result(counts: Counts) -> str:
    """What became of a plan: “6 new accounts and 1 mapped to an existing account.”"""
    done_by_action = counts.done_by_action
    done = [
        counted(number, *words)
        for action, words in RESULTS.items()
        if (number := done_by_action.get(action))
    ]
    left = [
        f"{number:,} {words}"
        for ended, words in LEFT.items()
        if (number := counts.with_outcome(ended))
    ]
    sentences = [listed(done) or "Nothing was changed", listed(left)]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def again(plan: SyncPlan, counts: Counts) -> list[dict[str, str]]:
    """The rows that a person may want to try once more, with the words for it."""
    if plan.kind not in PLANNED_AGAIN:
        return []
    return [
        {"outcome": ended.value, "words": words.format(_rows(counts.with_outcome(ended), noun))}
        for ended, (words, noun) in OFFERED_AGAIN.items()
        if counts.with_outcome(ended)
    ]


def _rows(number: int, noun: str) -> str:
    if noun.startswith("row "):
        return counted(number, noun, noun.replace("row", "rows", 1))
    return counted(number, noun)


def _seats(seats: Seats, needed: int) -> str:
    if seats.limit is None:
        return ""
    return f"{counted(needed, 'seat')} needed, {seats.free:,} of {seats.limit:,} free"
