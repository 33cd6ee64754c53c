"""Conflicts about people whose own account was deactivated, as by a revert: one answer for all.

- ``to_map_again(plan) -> int``: of how many the only candidate is the account they had;
- ``map_again(plan, by=...) -> int``: answer these with *Reactivate and map*.

Whoever is a company admin, or protected, is still asked about one by one.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import BigIntegerField, Exists, OuterRef, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts import audit
from accounts.models import User
from integrations.models import DirectoryUser, PlannedChange, SyncPlan, UserMapping

from .answers import Answers
from .errors import PlanError
from .reviewing import map_to, opened, resolved
from .teams import TeamChooser

Action = PlannedChange.Action
#: No page waits for more; the rest can be answered by another press.
AT_ONCE = 1_000


def to_map_again(plan: SyncPlan) -> int:
    return _rows(plan).count()


@transaction.atomic
def map_again(plan: SyncPlan, *, by: User) -> int:
    """How many were answered. Raises `PlanError` once the plan is approved."""
    plan = opened(plan.pk)
    rows = list(_rows(plan).select_for_update(of=("self",)).order_by("position")[:AT_ONCE])
    answers = Answers(plan, rows)
    teams = TeamChooser(plan.company, plan.team_source, plan.team)
    accounts = User.objects.in_bulk([row.candidates[0]["account_id"] for row in rows])
    people = {
        person.salesforce_id: person
        for person in DirectoryUser.objects.filter(
            connection=plan.connection_id,
            salesforce_id__in=[row.salesforce_user_id for row in rows],
        ).defer("search")
    }
    answered: dict[int, PlannedChange] = {}
    for row in rows:
        account = accounts[row.candidates[0]["account_id"]]
        if account.pk in answered or answers.why_not_map(row, account.pk, str(account)):
            continue
        map_to(row, account, people[row.salesforce_user_id], teams)
        row.included, row.decided_by = True, by
        answered[account.pk] = row
    if not answered:
        raise PlanError("Nobody here can get their account again: decide one by one.")
    fields = ("action", "account", "account_name", "reason", "values", "included", "decided_by")
    PlannedChange.objects.bulk_update(answered.values(), fields, batch_size=500)
    audit.record_many(resolved(row, by) for row in answered.values())
    return len(answered)


def _rows(plan: SyncPlan) -> QuerySet[PlannedChange]:
    """Conflicts whose one candidate is the account that this very person had by an earlier plan."""
    theirs = PlannedChange.objects.filter(
        plan__connection=plan.connection_id,
        salesforce_user_id=OuterRef("salesforce_user_id"),
        action__in=(Action.CREATE, Action.MAP),
        outcome=PlannedChange.Outcome.DONE,
        account=OuterRef("candidate"),
    )
    deactivated = User.objects.filter(
        pk=OuterRef("candidate"),
        company=plan.company_id,
        state=User.State.DEACTIVATED,
        role=User.Role.MEMBER,
        protected=False,
    )
    # Whom a person unlinked or ignored is asked about one by one: that was decided.
    people = DirectoryUser.objects.filter(
        connection=plan.connection_id,
        salesforce_id=OuterRef("salesforce_user_id"),
        unlinked_at__isnull=True,
        ignored_at__isnull=True,
    )
    taken = UserMapping.objects.filter(connection=plan.connection_id, account=OuterRef("candidate"))
    taken_here = PlannedChange.objects.filter(
        plan=plan, action=Action.MAP, included=True, account=OuterRef("candidate")
    )
    return (
        plan.changes.filter(
            action=Action.CONFLICT, candidates__1__isnull=True, candidates__0__isnull=False
        )
        .alias(candidate=Cast(KT("candidates__0__account_id"), BigIntegerField()))
        .filter(Exists(theirs), Exists(deactivated), Exists(people))
        .exclude(Exists(taken) | Exists(taken_here))
    )
