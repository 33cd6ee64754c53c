"""Conflicts about people whose own account was deactivated, as by a revert: one answer for all.

- ``to_map_again(plan) -> int``: of how many the only candidate is the account they had;
- ``map_again(plan, by=...) -> int``: answer these with *Reactivate and map*.

Whoever is a company admin, or protected, is still asked about one by one.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from psycopg.types.json import Jsonb

from accounts import audit
from accounts.models import User
from integrations.models import DirectoryUser, PlannedChange, SyncPlan, UserMapping

from .answers import Answers
from .errors import PlanError
from .reviewing import map_to, opened, resolution_entry
from .teams import TeamChooser

Action = PlannedChange.Action
#: No page waits for more; the rest can be answered by another press.
AT_ONCE = 5_000
_WRITE_ANSWERS = """
    UPDATE integrations_plannedchange AS change
    SET included = TRUE, decided_by_id = %s, action = answer.action, reason = answer.reason,
        account_id = answer.account_id, account_name = answer.account_name,
        "values" = answer.given
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::jsonb[])
        AS answer (id, action, reason, account_id, account_name, given)
    WHERE change.id = answer.id
"""


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
        answered[account.pk] = row
    if not answered:
        raise PlanError(_why_nobody(plan))
    _write(answered.values(), by)
    audit.record_many(resolution_entry(row, by) for row in answered.values())
    return len(answered)


def _why_nobody(plan: SyncPlan) -> str:
    """Another admin may have pressed the same button a moment before."""
    rows = plan.changes.filter(values__has_key="resolved", decided_by__isnull=False)
    if answered := rows.select_related("decided_by").first():
        by = answered.decided_by
        return f"Answered already, by {by}: decide about whoever is left one by one."
    return "Nobody here can get their account again: decide one by one."


def _write(rows: Collection[PlannedChange], by: User) -> None:
    answers = (
        (row.pk, row.action, row.reason, row.account_id, row.account_name, Jsonb(row.values))
        for row in rows
    )
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*answers, strict=True)]
        cursor.execute(_WRITE_ANSWERS, [by.pk, *columns])


def _rows(plan: SyncPlan) -> QuerySet[PlannedChange]:
    """Conflicts about nothing but the deactivated account that this very person had before."""
    return (
        plan.changes.filter(
            action=Action.CONFLICT,
            candidates__1__isnull=True,
            candidates__0__isnull=False,
            basis__is_support_staff=False,
            basis__sharing=1,
        )
        .alias(candidate=Cast(KT("candidates__0__account_id"), BigIntegerField()))
        .filter(_had_by_an_earlier_plan(plan), _is_deactivated(plan), _nobody_decided(plan))
        .exclude(_is_taken(plan))
    )


def _had_by_an_earlier_plan(plan: SyncPlan) -> Exists:
    theirs = PlannedChange.objects.filter(
        plan__connection=plan.connection_id,
        salesforce_user_id=OuterRef("salesforce_user_id"),
        action__in=(Action.CREATE, Action.MAP),
        outcome=PlannedChange.Outcome.DONE,
        account=OuterRef("candidate"),
    )
    return Exists(theirs)


def _is_deactivated(plan: SyncPlan) -> Exists:
    deactivated = User.objects.filter(
        pk=OuterRef("candidate"),
        company=plan.company_id,
        state=User.State.DEACTIVATED,
        role=User.Role.MEMBER,
        protected=False,
    )
    return Exists(deactivated)


def _nobody_decided(plan: SyncPlan) -> Exists:
    """Whom a person unlinked or ignored is asked about one by one."""
    people = DirectoryUser.objects.filter(
        connection=plan.connection_id,
        salesforce_id=OuterRef("salesforce_user_id"),
        unlinked_at__isnull=True,
        ignored_at__isnull=True,
    )
    return Exists(people)


def _is_taken(plan: SyncPlan) -> Q:
    """By another person: already, or by this plan."""
    taken = UserMapping.objects.filter(connection=plan.connection_id, account=OuterRef("candidate"))
    taken_here = PlannedChange.objects.filter(
        plan=plan, action=Action.MAP, included=True, account=OuterRef("candidate")
    )
    return Q(Exists(taken)) | Q(Exists(taken_here))
