"""What a person changes in a plan before it is approved."""

from __future__ import annotations

from collections.abc import Set

from django.db import models, transaction

from accounts import audit
from accounts.models import AuditEntry, User
from integrations.models import DirectoryUser, PlannedChange, SyncPlan

from .answers import Answers
from .candidates import Candidate
from .errors import PlanError
from .plan_rows import filling_values, new_account_values
from .planning import new_accounts_of
from .teams import TeamChooser

Action = PlannedChange.Action


class Resolution(models.TextChoices):
    """The answers to a conflict."""

    MAP = "map", "Map to this account"
    CREATE = "create", "Create a new account"
    IGNORE = "ignore", "Ignore"


@transaction.atomic
def set_ticks(plan: SyncPlan, *, ticked: Set[int], unticked: Set[int], by: User) -> None:
    """The ticks of a whole page, as far as they differ. Raises `PlanError` like `set_included`."""
    plan = opened(plan.pk)
    for included, rows in ((True, ticked), (False, unticked)):
        differing = plan.changes.filter(pk__in=rows, included=not included)
        differing.update(included=included, decided_by=by)


def set_included(change: PlannedChange, included: bool, *, by: User | None) -> None:
    """Tick or untick a row. Raises `PlanError` once the plan is approved or requested."""
    with transaction.atomic():
        opened(change.plan_id)
        PlannedChange.objects.filter(pk=change.pk).update(included=included, decided_by=by)
    change.included, change.decided_by = included, by


def resolve_conflict(
    change: PlannedChange, resolution: str, *, by: User | None, account_id: int | None = None
) -> None:
    """Answer a conflict of a draft, also once more. ``account_id`` is wanted for `Resolution.MAP`.

    Raises `PlanError`, with the reason, when this answer is not possible.
    """
    with transaction.atomic():
        plan = opened(change.plan_id)
        change = PlannedChange.objects.select_for_update().get(pk=change.pk, plan=plan)
        if not change.asks_a_person:
            raise PlanError(f"{change.person_name} is not in conflict.")
        person = DirectoryUser.objects.get(
            connection=plan.connection_id, salesforce_id=change.salesforce_user_id
        )
        if resolution == Resolution.MAP:
            _map(change, plan, person, account_id)
        elif resolution == Resolution.CREATE:
            _create(change, plan, person)
        else:
            _ignore(change)
        change.included, change.decided_by = True, by
        change.save()
        resolution_entry(change, by).save()


def resolution_entry(change: PlannedChange, by: User | None) -> AuditEntry:
    after = {"action": change.action, "account": change.account_name}
    return audit.entry("plan.conflict_resolved", change, by=by, after=after)


def opened(plan_id: int) -> SyncPlan:
    """The plan, locked until the transaction ends, so that nobody approves it meanwhile."""
    plan = SyncPlan.objects.select_for_update(no_key=True).get(pk=plan_id)
    if plan.state not in SyncPlan.STATES_OPEN:
        raise PlanError("This change is approved already: its rows can no longer be changed.")
    return plan


def _map(
    change: PlannedChange, plan: SyncPlan, person: DirectoryUser, account_id: int | None
) -> None:
    known = {one["account_id"]: Candidate.from_json(one) for one in change.candidates}
    account = User.objects.filter(company=plan.company_id, pk=account_id).first()
    if account is None or account_id not in known:
        raise PlanError("There is no such account to map to.")
    if reason := Answers(plan, [change]).why_not_map(change, account.pk, str(account)):
        raise PlanError(reason)
    teams = TeamChooser(plan.company, plan.team_source, plan.team)
    map_to(change, account, person, teams)


def map_to(change: PlannedChange, account: User, person: DirectoryUser, teams: TeamChooser) -> None:
    values = {} if account.protected else filling_values(person, teams.choose(person))
    if account.state == User.State.DEACTIVATED:
        values["state"] = User.State.ACTIVE.value
    change.action, change.account, change.account_name = Action.MAP, account, str(account)
    change.reason = f"Maps to {account}, as you decided"
    change.values = values | {"resolved": True}


def _create(change: PlannedChange, plan: SyncPlan, person: DirectoryUser) -> None:
    if reason := Answers(plan, [change]).why_not_create(change):
        raise PlanError(reason)
    team = TeamChooser(plan.company, plan.team_source, plan.team).choose(person)
    change.action, change.account, change.account_name = Action.CREATE, None, ""
    change.reason = "New account, as you decided" + (f"; {team.remark}" if team.remark else "")
    values = new_account_values(person, team, plan.role, new_accounts_of(plan))
    change.values = values | {"resolved": True}


def _ignore(change: PlannedChange) -> None:
    change.action, change.account, change.account_name = Action.IGNORE, None, ""
    change.reason = "Gets no account until somebody stops ignoring them"
    change.values = {"reason": "Ignored in a conflict", "resolved": True}
