"""How a plan and its rows are called on screens: the verb and the count."""

from __future__ import annotations

from integrations.models import PlannedChange, SyncPlan

from .words import counted

Action = PlannedChange.Action
Kind = SyncPlan.Kind
Outcome = PlannedChange.Outcome
State = SyncPlan.State

#: The order in which a plan shows its rows: what needs a person first, what does nothing last.
GROUPS: dict[str, str] = {
    Action.CONFLICT: "Need your decision",
    Action.CREATE: "New accounts",
    Action.MAP: "Mapped to existing accounts",
    Action.MOVE: "Mappings that move",
    Action.REACTIVATE: "Reactivated",
    Action.REMOVE: "Accounts that are removed",
    Action.DEACTIVATE: "Accounts that are deactivated",
    Action.UNMAP: "Mappings that are taken away",
    Action.IGNORE: "Ignored from now on",
    Action.STOP_IGNORING: "No longer ignored",
    Action.NOTHING: "Nothing to do",
}
STATE_TONES = {
    State.DRAFT: "warn",
    State.STOPPED: "warn",
    State.DONE: "good",
    State.NEEDS_A_PERSON: "bad",
}


def verb(kind: str, number: int) -> str:
    """What a press does: “Import 7 users”."""
    if kind == Kind.IMPORT:
        return f"Import {counted(number, 'user')}"
    if kind == Kind.IGNORE:
        return f"Ignore {counted(number, 'person', 'people')}"
    if kind == Kind.STOP_IGNORING:
        return f"Stop ignoring {counted(number, 'person', 'people')}"
    return f"Revert {counted(number, 'change')}"


def title(plan: SyncPlan, number: int) -> str:
    """A plan in a list: “Import 7 users” before, “Imported 7 users” after."""
    words = verb(plan.kind, number)
    if plan.state != State.DONE:
        return words
    past = {
        Kind.IMPORT: ("Import", "Imported"),
        Kind.IGNORE: ("Ignore", "Ignored"),
        Kind.STOP_IGNORING: ("Stop", "Stopped"),
        Kind.REVERT: ("Revert", "Reverted"),
    }
    return words.replace(*past[Kind(plan.kind)], 1)


def headings(kind: str) -> dict[str, str]:
    """The groups of a plan's rows, in their order. A revert begins with what it cannot undo."""
    if kind != Kind.REVERT:
        return GROUPS
    return {Action.NOTHING: "Cannot be undone", **GROUPS, Action.MAP: "Mapped again"}
