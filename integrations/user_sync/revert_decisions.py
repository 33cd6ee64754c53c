"""What undoes each kind of row that is no import: one function an action, for `reverting`."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from integrations.models import PlannedChange, UserMapping

from .combined import combine_basis, why_not_separate
from .linking import as_basis
from .plan_rows import Row
from .revert_facts import RevertFacts
from .suspending import leaver_basis
from .updating import LABELS

Action = PlannedChange.Action


def decide(row: PlannedChange, facts: RevertFacts, last_act: str) -> Row:
    if facts.account is None:
        return _nothing("The account is gone already")
    if facts.account.protected:
        return _nothing(f"{facts.account} is protected from every sync")
    decision = DECISIONS[Action(row.action)](row, facts, facts.account)
    if decision["action"] == Action.NOTHING and last_act:
        return _nothing(f"{decision['reason']}, by {last_act}")
    return {"account": facts.account.pk, "account_name": str(facts.account)} | decision


def _undo_suspending(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    if account.state != User.State.DEACTIVATED:
        return _nothing("Has access again already")
    stays = "" if facts.person.is_active else "; it stays, although the person left"
    return {
        "action": Action.REACTIVATE,
        "reason": f"Give {account} access again, with the team and role of before{stays}",
        "values": {"state": row.before["state"], "stop_ignoring": "ignore" in row.values},
        "basis": leaver_basis(facts.person, account, facts.mapped_account_id),
    }


def _undo_reactivating(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    if account.state == User.State.DEACTIVATED:
        return _nothing("Deactivated again already")
    return {
        "action": Action.SUSPEND,
        "reason": f"Deactivate {account} again",
        "basis": leaver_basis(facts.person, account, facts.mapped_account_id),
    }


def _undo_keeping(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    if facts.person.account_kept_at != row.applied_at:
        return _nothing("Somebody decided again since then")
    return {
        "action": Action.NO_LONGER_KEEP,
        "reason": "Wait for a decision again",
        "basis": leaver_basis(facts.person, account, facts.mapped_account_id),
    }


def _undo_update(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    restored, kept = {}, []
    for name, (was, wrote) in row.before["account"].items():
        if getattr(account, name) == wrote:
            restored[name] = [wrote, was]
        else:
            kept.append(LABELS[name])
    if not restored:
        return _nothing(f"The {' and '.join(kept)} of {account} was changed since then")
    remark = f"; the {' and '.join(kept)} stays, changed since then" if kept else ""
    return {
        "action": Action.UPDATE,
        "reason": f"Restore {', '.join(LABELS[name] for name in restored)}{remark}",
        "remark": remark,
        "values": {"account": restored},
    }


def _undo_unlinking(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    if facts.mapped_account_id is not None:
        return _nothing("Linked again already")
    if facts.person.pk and facts.person.unlinked_at != row.applied_at:
        return _nothing("Unlinked again, or linked, since then")
    if facts.person.ignored_at is not None:
        return _nothing("Ignored since then: stop ignoring first")
    return {
        "action": Action.RELINK,
        "reason": f"Link to {account} again",
        "values": {"mapping": row.before["mapping"]},
        "basis": {"mapping": None, "state": account.state, "is_ignored": False},
    }


def _undo_moving(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    mappings = {
        one.salesforce_user_id: one
        for one in UserMapping.objects.filter(
            connection=facts.person.connection_id,
            salesforce_user_id__in=[row.salesforce_user_id, row.values["former_id"]],
        )
    }
    mine, former = mappings.get(row.salesforce_user_id), mappings.get(row.values["former_id"])
    if as_basis(mine) != [account.pk, True] or as_basis(former) != [account.pk, False]:
        return _nothing(f"The mapping of {account} was changed since then")
    return {
        "action": Action.MOVE_BACK,
        "reason": f"Move the mapping of {account} back",
        "values": {"former_id": row.values["former_id"]} | row.before,
        "basis": {
            "mapping": as_basis(mine),
            "former": as_basis(former),
            "state": account.state,
        },
    }


def _undo_combining(row: PlannedChange, facts: RevertFacts, account: User) -> Row:
    given_up = User.objects.filter(company=row.company_id, pk=row.values["give_up"]).first()
    if given_up is None:
        return _nothing("The account that was given up is gone")
    if given_up.state != User.State.DEACTIVATED:
        return _nothing(f"{given_up} was activated again since then")
    if why_not := why_not_separate(row, account, given_up):
        return _nothing(why_not)
    return {
        "action": Action.SEPARATE,
        "reason": f"Separate {account} and {given_up} again; what came since then stays",
        "values": {"give_up": given_up.pk, "before": row.before},
        "basis": combine_basis(account, given_up),
    }


def _nothing(reason: str) -> Row:
    return {"action": Action.NOTHING, "reason": reason}


DECISIONS: dict[PlannedChange.Action, Callable[[PlannedChange, RevertFacts, User], Row]] = {
    Action.SUSPEND: _undo_suspending,
    Action.REACTIVATE: _undo_reactivating,
    Action.KEEP: _undo_keeping,
    Action.UPDATE: _undo_update,
    Action.UNLINK: _undo_unlinking,
    Action.MOVE: _undo_moving,
    Action.COMBINE: _undo_combining,
}
