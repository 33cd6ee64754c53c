"""Undoing a plan is a plan too: previewed, approved, applied and logged like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction

from accounts.models import User
from integrations.models import Approach, PlannedChange, SyncPlan

from . import revert_decisions
from .errors import PlanError
from .plan_rows import CHUNK, DecidedRow, Row, save_decided
from .revert_facts import RevertFacts, gather_for_revert
from .since_preview import last_acts

Action = PlannedChange.Action
State = SyncPlan.State

#: A plan in one of these is not touched by its own worker.
REVERTIBLE_STATES = (State.DONE, State.STOPPED, State.NEEDS_A_PERSON)
_FIELD_NAMES = {"title": "title", "team_id": "team", "state": "state"}


@transaction.atomic
def plan_revert(plan: SyncPlan, *, by: User | None, ignore: bool = False) -> SyncPlan:
    """A draft that undoes what ``plan`` has done. What cannot be undone comes first.

    With ``ignore`` the people who lose their account are ignored too, so that Automatic does not
    bring them back.

    Raises `PlanError`, with the reason, when there is nothing to undo now.
    """
    revert = new_revert(plan, by=by)
    revert.save()
    save_revert_rows(revert, ignore=ignore)
    return revert


def new_revert(plan: SyncPlan, *, by: User | None) -> SyncPlan:
    """Without rows, and not saved; inside a transaction, whose end unlocks ``plan``."""
    plan = SyncPlan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan.pk)
    _check(plan)
    drafts = plan.reverted_by.filter(state__in=(State.PREPARING, State.DRAFT))
    drafts.update(state=State.DISCARDED, choice=None)
    return SyncPlan(
        company=plan.company,
        connection=plan.connection,
        kind=SyncPlan.Kind.REVERT,
        approach=plan.approach,
        team_source=SyncPlan.TeamSource.NONE,
        reverts=plan,
        created_by=by,
    )


def save_revert_rows(revert: SyncPlan, *, ignore: bool = False) -> None:
    assert revert.reverts is not None
    plan, by = revert.reverts, revert.created_by
    rows = [row for chunk in _done_rows(plan) for row in _decide_all(plan, chunk, by)]
    if ignore:
        rows = [(person, _ignoring(row)) for person, row in rows]
    rows.sort(key=lambda row: (row[1]["action"] != Action.NOTHING, not row[1].get("remark")))
    save_decided(revert, rows)


def is_reverted(plan: SyncPlan) -> bool:
    """Whether everything that the plan had done is undone."""
    undone = PlannedChange.objects.filter(
        plan__reverts=plan, outcome=PlannedChange.Outcome.DONE
    ).values("salesforce_user_id")
    done = plan.changes.filter(outcome=PlannedChange.Outcome.DONE)
    return done.exists() and not done.exclude(salesforce_user_id__in=undone).exists()


def _check(plan: SyncPlan) -> None:
    if plan.kind == SyncPlan.Kind.REVERT:
        raise PlanError("A revert is not reverted: import these people again instead.")
    if plan.state not in (*REVERTIBLE_STATES, *SyncPlan.STATES_UNDER_WAY):
        raise PlanError("This change was never applied, so there is nothing to revert.")
    if plan.state not in REVERTIBLE_STATES:
        raise PlanError("This change is still under way: stop it first, or wait until it is done.")
    if plan.reverted_by.filter(state__in=(*SyncPlan.STATES_UNDER_WAY, State.STOPPED)).exists():
        raise PlanError("This change is being reverted already.")
    if not plan.changes.filter(outcome=PlannedChange.Outcome.DONE).exists():
        raise PlanError("Nothing was changed, so there is nothing to revert.")
    if is_reverted(plan):
        raise PlanError("This change is reverted already.")


def _done_rows(plan: SyncPlan) -> Iterator[Sequence[PlannedChange]]:
    after = 0
    rows = plan.changes.filter(outcome=PlannedChange.Outcome.DONE).order_by("position")
    while chunk := list(rows.filter(position__gt=after)[:CHUNK]):
        yield chunk
        after = chunk[-1].position


def _decide_all(plan: SyncPlan, rows: Sequence[PlannedChange], by: User | None) -> list[DecidedRow]:
    facts = gather_for_revert(plan.connection_id, plan.company_id, rows)
    changed = {str(row.account_id) for row in rows if _has_other_values(row, facts[row.pk])}
    acts = last_acts(changed, plan) if changed else {}
    decided = []
    for row in rows:
        last_act = acts.get(str(row.account_id), "")
        decision = _decide(row, facts[row.pk], by, last_act)
        decided.append((facts[row.pk].person, _unlinked_again(row, decision)))
    return decided


def _decide(row: PlannedChange, facts: RevertFacts, by: User | None, last_act: str) -> Row:
    if row.action in (Action.IGNORE, Action.STOP_IGNORING):
        undo = _undo_ignoring if row.action == Action.IGNORE else _ignore_again
        return undo(row, facts)
    if row.action in revert_decisions.DECISIONS:
        return revert_decisions.decide(row, facts, last_act)
    account = facts.account
    if account is None:
        return _nothing("The account is gone already")
    if why_not := _why_not(row, facts, account, last_act):
        return _nothing(why_not)
    if row.action == Action.MAP:
        return _unmap(row, facts, account, last_act)
    if facts.in_use and by is not None and account.pk == by.pk:
        return _nothing("This is you: somebody else must do it")
    return _take_back(facts, account)


def _why_not(row: PlannedChange, facts: RevertFacts, account: User, last_act: str) -> str:
    """Why an import is not undone; empty where nothing stands against it."""
    if account.protected:
        return f"{account} is protected from every sync"
    if facts.mapped_account_id not in (None, account.pk) or facts.is_mapped_elsewhere:
        return f"The mapping of {account} was changed{_by(last_act)}"
    if facts.mapped_by not in ("", row.plan.approach):
        return (
            f"The mapping of {account} was made anew since then: {Approach(facts.mapped_by).label}"
        )
    return ""


def _unlinked_again(done: PlannedChange, row: Row) -> Row:
    """Linking had ended an earlier unlinking: it stands again."""
    if "unlinked_reason" not in done.before or row["action"] == Action.NOTHING:
        return row
    reason = {"unlinked_reason": done.before["unlinked_reason"]}
    return {**row, "values": {**row.get("values", {}), **reason}}


def _ignoring(row: Row) -> Row:
    if row["action"] not in (Action.REMOVE, Action.DEACTIVATE, Action.UNMAP):
        return row
    values = {**row.get("values", {}), "ignore": "The import was reverted"}
    return {**row, "values": values, "reason": f"{row['reason']}; then ignored"}


def _take_back(facts: RevertFacts, account: User) -> Row:
    remark = "; its invitation cannot be taken back" if account.invited_at else ""
    if facts.in_use and account.state == User.State.DEACTIVATED and not facts.mapped_account_id:
        return _nothing(f"{account} is deactivated and unmapped already")
    if facts.in_use:
        return {
            "action": Action.DEACTIVATE,
            "reason": f"Deactivate and unmap {account}, who {facts.in_use}{remark}",
            "remark": "cannot be removed",
        } | _about(facts, account)
    return {
        "action": Action.REMOVE,
        "reason": f"Remove the account, which was never used{remark}",
        "remark": remark,
    } | _about(facts, account)


def _unmap(row: PlannedChange, facts: RevertFacts, account: User, last_act: str) -> Row:
    if facts.mapped_account_id is None:
        return _nothing(f"No longer mapped to {account}{_by(last_act)}")
    restored, kept = {}, []
    for name, (was, wrote) in row.before.get("account", {}).items():
        if getattr(account, name) == wrote:
            restored[name] = [wrote, was]
        else:
            kept.append(_FIELD_NAMES[name])
    remark = f"; {' and '.join(kept)} stay{'s' if len(kept) == 1 else ''}, changed{_by(last_act)}"
    goes = "state" in restored
    basis = facts.as_basis()
    if not goes:
        del basis["in_use"]  # an account that stays may get its first report meanwhile
    return {
        "action": Action.UNMAP,
        "reason": f"Unmap from {account}{', and deactivate it again' if goes else ''}"
        + (remark if kept else ""),
        "remark": remark if kept else "",
        "values": {"restore": restored},
        "account": account.pk,
        "account_name": str(account),
        "basis": basis,
    }


def _undo_ignoring(row: PlannedChange, facts: RevertFacts) -> Row:
    person = facts.person
    if person.ignored_at is None:
        return _nothing("No longer ignored")
    if person.ignored_at != row.applied_at:
        return _nothing(f"Ignored again since then, by {person.ignored_by or 'somebody'}")
    return {
        "action": Action.STOP_IGNORING,
        "reason": "Can be imported again",
        "basis": {"is_ignored": True, "mapped_account": facts.mapped_account_id},
    }


def _ignore_again(row: PlannedChange, facts: RevertFacts) -> Row:
    if facts.person.ignored_at is not None:
        return _nothing("Ignored again already")
    if facts.mapped_account_id is not None:
        return _nothing("Has an account meanwhile")
    return {
        "action": Action.IGNORE,
        "reason": "Ignored again",
        "values": {"reason": row.before.get("ignored_reason", "")},
        "basis": {"is_ignored": False, "mapped_account": None},
    }


def _about(facts: RevertFacts, account: User) -> Row:
    return {"account": account.pk, "account_name": str(account), "basis": facts.as_basis()}


def _nothing(reason: str) -> Row:
    return {"action": Action.NOTHING, "reason": reason}


def _has_other_values(row: PlannedChange, facts: RevertFacts) -> bool:
    if facts.account is None:
        return False
    if facts.mapped_account_id != facts.account.pk:
        return True
    written = row.before.get("account", {})
    return any(getattr(facts.account, name) != wrote for name, (_, wrote) in written.items())


def _by(last_act: str) -> str:
    return f" by {last_act}" if last_act else " since then"
