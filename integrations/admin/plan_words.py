"""How a plan and its rows are called on screens: the verb and the count."""

from __future__ import annotations

from collections.abc import Mapping

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


#: The verb of each kind, before and after.
PAST = {
    Kind.IMPORT: ("Import", "Imported"),
    Kind.IGNORE: ("Ignore", "Ignored"),
    Kind.STOP_IGNORING: ("Stop", "Stopped"),
    Kind.REVERT: ("Revert", "Reverted"),
    Kind.MAPPINGS: ("Change", "Changed"),
    Kind.COMBINE: ("Combine", "Combined"),
    Kind.ATTRIBUTES: ("Update", "Updated"),
    Kind.LEAVERS: ("Change", "Changed"),
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
    number = sum(actions.values())
    if not number:
        return NOTHING.get(Kind(kind), "Nothing to change")
    only = next(iter(actions)) if len(actions) == 1 else ""
    if kind in KINDS_WITH_MANY_VERBS and only in ONE_VERB:
        does, noun = ONE_VERB[Action(only)]
        return f"{does} {counted(number, noun)}"
    return verb(kind, number)


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


def title(plan: SyncPlan, number: int) -> str:
    """A plan in a list: “Import 7 users” before, “Imported 7 users” after."""
    words = verb(plan.kind, plan.rows_to_prepare or number)
    if plan.state != State.DONE:
        return words
    return words.replace(*PAST[Kind(plan.kind)], 1)


def headings(kind: str) -> dict[str, str]:
    """The groups of a plan's rows, in their order. A revert begins with what it cannot undo."""
    if kind != Kind.REVERT:
        return GROUPS
    return {Action.NOTHING: "Cannot be undone", **GROUPS, Action.MAP: "Mapped again"}
