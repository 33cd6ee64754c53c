"""How a plan and its rows are called on screens: the verb and the count."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.models import PlannedChange, SyncPlan

from .plan_counts import Counts
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
    Action.RELINK: "Linked again",
    Action.MOVE: "Mappings that move",
    Action.MOVE_BACK: "Mappings that move back",
    Action.COMBINE: "Accounts that are combined",
    Action.SEPARATE: "Accounts that are separated again",
    Action.UPDATE: "Updated from Salesforce",
    Action.REACTIVATE: "Reactivated",
    Action.REMOVE: "Accounts that are removed",
    Action.DEACTIVATE: "Accounts that are deactivated",
    Action.SUSPEND: "Deactivated, as they left Salesforce",
    Action.UNMAP: "Mappings that are taken away",
    Action.UNLINK: "Unlinked until somebody links them",
    Action.KEEP: "Stay active although they left Salesforce",
    Action.NO_LONGER_KEEP: "No longer kept",
    Action.IGNORE: "Ignored from now on",
    Action.STOP_IGNORING: "No longer ignored",
    Action.NOTHING: "Nothing to do",
}
STATE_TONES = {
    State.DRAFT: "warn",
    State.HELD: "warn",
    State.REQUESTED: "warn",
    State.STOPPED: "warn",
    State.DONE: "good",
    State.NEEDS_A_PERSON: "bad",
}


#: The verbs of buttons, and of titles before and after.
PAST = {
    "Import": "Imported",
    "Ignore": "Ignored",
    "Stop": "Stopped",
    "Revert": "Reverted",
    "Change": "Changed",
    "Combine": "Combined",
    "Update": "Updated",
    "Deactivate": "Deactivated",
    "Reactivate": "Reactivated",
    "Unlink": "Unlinked",
    "Move": "Moved",
    "Map": "Mapped",
    "Keep": "Kept",
}
#: What the button says where all rows of a plan do the same.
ONE_VERB = {
    Action.SUSPEND: ("Deactivate", "account"),
    Action.DEACTIVATE: ("Deactivate", "account"),
    Action.REACTIVATE: ("Reactivate", "account"),
    Action.UNLINK: ("Unlink", "Salesforce user"),
    Action.MOVE: ("Move", "mapping"),
    Action.MAP: ("Map", "Salesforce user"),
    Action.KEEP: ("Keep", "account"),
}
#: What the button says where no row is left to carry out.
NOTHING = {
    Kind.IMPORT: "Nobody to import",
    Kind.IGNORE: "Nobody to ignore",
    Kind.STOP_IGNORING: "Nobody to stop ignoring",
    Kind.REVERT: "Nothing to revert",
}
KINDS_WITH_MANY_VERBS = (Kind.MAPPINGS, Kind.LEAVERS)


def button_words(kind: str, actions: Mapping[str, int]) -> str:
    """What the button says for the rows that it carries out, counted by action."""
    if not actions:
        return NOTHING.get(Kind(kind), "Nothing to change")
    return _what_it_does(kind, actions)


def title(plan: SyncPlan, counts: Counts) -> str:
    """A plan in a list: “Import 7 users” before, as on its button; “Imported 7 users” after."""
    if plan.rows_to_prepare:
        return verb(plan.kind, plan.rows_to_prepare)
    if plan.state == State.DONE:
        does, _, what = _what_it_does(plan.kind, counts.done_by_action).partition(" ")
        return f"{PAST[does]} {what}"
    undecided = counts.with_action(Action.CONFLICT)
    if undecided and not counts.effective:
        return f"Decide about {counted(undecided, 'person', 'people')}"
    return button_words(plan.kind, counts.effective_by_action)


def _what_it_does(kind: str, actions: Mapping[str, int]) -> str:
    """“Deactivate 3 accounts” where all rows do the same, else in the words of the kind."""
    only = next(iter(actions)) if len(actions) == 1 else ""
    if kind in KINDS_WITH_MANY_VERBS and only in ONE_VERB:
        does, noun = ONE_VERB[Action(only)]
        return f"{does} {counted(actions[only], noun)}"
    return verb(kind, sum(actions.values()))


def verb(kind: str, number: int) -> str:
    """What a press does: “Import 7 users”."""
    if kind == Kind.IMPORT:
        return f"Import {counted(number, 'user')}"
    if kind == Kind.IGNORE:
        return f"Ignore {counted(number, 'person', 'people')}"
    if kind == Kind.STOP_IGNORING:
        return f"Stop ignoring {counted(number, 'person', 'people')}"
    if kind == Kind.MAPPINGS:
        return f"Change {counted(number, 'mapping')}"
    if kind == Kind.COMBINE:
        return f"Combine {counted(2 * number, 'account')}"
    if kind == Kind.ATTRIBUTES:
        return f"Update {counted(number, 'account')}"
    if kind == Kind.LEAVERS:
        return f"Change {counted(number, 'account')}"
    return f"Revert {counted(number, 'change')}"


def headings(kind: str) -> dict[str, str]:
    """The groups of a plan's rows, in their order. A revert begins with what it cannot undo."""
    if kind != Kind.REVERT:
        return GROUPS
    return {Action.NOTHING: "Cannot be undone", **GROUPS, Action.MAP: "Mapped again"}
