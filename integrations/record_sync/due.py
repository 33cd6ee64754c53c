"""What is to be judged though no record came: found by queries, so that nothing can be forgotten.

A changed workflow, a hold whose reason has gone, a day that has come, a mass change that a person
has decided: each can be taken up by anybody, any number of times.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_q.tasks import async_task

from integrations.models import (
    Connection,
    DirectoryUser,
    Evaluation,
    HeldChange,
    SyncPlan,
    UserMapping,
    Workflow,
)
from integrations.user_sync.wanted import mark_owners_of_held_records

from .changed_workflows import evaluate_changed_workflows
from .evaluating import BATCH, Evaluated
from .judging import judge_kept
from .people import load_people

Hold = Evaluation.Hold
RETRY_TASK = "integrations.tasks.retry_records"


def evaluate_due(connection: Connection) -> Evaluated:
    """Judge everything that is due, in batches with a transaction each."""
    return (
        evaluate_changed_workflows(connection)
        + evaluate_what_time_changes(connection)
        + hold_again(connection)
        + release(connection)
        + carry_out_decisions(connection)
    )


def evaluate_what_time_changes(connection: Connection) -> Evaluated:
    """A meeting that has taken place, a hold that has lasted too long, what a person asked for."""
    return _judge_evaluations(connection, Q(due_at__lte=timezone.now()))


def release(connection: Connection) -> Evaluated:
    """Look again at the records of people who are another case than when they were judged."""
    held = _of(connection).filter(
        workflow__state=Workflow.State.ON, hold__in=Evaluation.HOLDS_THAT_GO
    )
    known = set(held.values_list("salesforce_user_id", "hold").distinct())
    people = load_people(connection, {person for person, _ in known})
    mark_owners_of_held_records(connection)
    others = {person for person, hold in known if people[person].hold != hold}
    if not others:
        return Evaluated()
    return _judge_evaluations(
        connection, Q(salesforce_user_id__in=others, hold__in=Evaluation.HOLDS_THAT_GO)
    )


def release_after(plan_id: int) -> Evaluated:
    """What a change of accounts holds and lets go, without waiting for the next poll."""
    plan = SyncPlan.objects.select_related("connection__company").get(pk=plan_id)
    return hold_again(plan.connection) + release(plan.connection)


def carry_out_decisions(connection: Connection) -> Evaluated:
    """Do with the reports of held mass changes what a person decided.

    What came to wait after the decision waits for another one. What nobody has decided, but what
    no longer waits, asks for nobody any more: so also where its workflow was switched off.
    """
    done = Evaluated()
    for change in HeldChange.objects.filter(connection=connection, finished_at__isnull=True):
        waiting = Q(hold=change.kind, workflow__object_name=change.object_name)
        waiting &= ~Q(workflow__state=Workflow.State.OFF)
        if change.decided_at is not None:
            waiting &= Q(evaluated_at__lte=change.decided_at)
            keep = change.decision == HeldChange.Decision.KEEP
            if keep:
                _of(connection).filter(waiting).update(refused_change=change.kind)
            done += _judge_evaluations(connection, waiting, brakes_on=keep)
        if not _of(connection).filter(waiting).exists():
            HeldChange.objects.filter(pk=change.pk).update(finished_at=timezone.now())
    return done


def hold_again(connection: Connection) -> Evaluated:
    """Take back the reports of people whom somebody unlinked: they wait until somebody links them.

    Where the credit stays with the first owner, it stays.
    """
    linked = UserMapping.objects.filter(connection=connection).values("salesforce_user_id")
    unlinked = DirectoryUser.objects.filter(
        connection=connection, unlinked_from__isnull=False
    ).exclude(salesforce_id__in=linked)
    people = list(unlinked.values_list("salesforce_id", flat=True))
    if not people:
        return Evaluated()
    was_theirs = unlinked.filter(
        salesforce_id=OuterRef("salesforce_user_id"), unlinked_from=OuterRef("report__user")
    )
    return _judge_evaluations(
        connection,
        Q(
            Exists(was_theirs),
            salesforce_user_id__in=people,
            report__isnull=False,
            report__retracted_at=None,
            workflow__owner_change=Workflow.OwnerChange.MOVES,
        ),
    )


def retry(evaluations: Sequence[Evaluation]) -> Evaluated:
    """Judge records anew that were set aside, of one connection."""
    if not evaluations:
        return Evaluated()
    connection = evaluations[0].workflow.connection
    return _judge_evaluations(connection, Q(pk__in=[one.pk for one in evaluations]))


def retry_later(evaluations: models.QuerySet[Evaluation]) -> None:
    """The same by the worker, of several connections; the next poll finds what a task leaves."""
    connections = evaluations.order_by().values_list("workflow__connection", flat=True).distinct()
    asked = list(connections)
    evaluations.update(due_at=timezone.now())
    for connection_id in asked:
        async_task(RETRY_TASK, connection_id)


def retry_what_is_due(connection_id: int) -> Evaluated:
    connection = Connection.objects.select_related("company").get(pk=connection_id)
    return evaluate_what_time_changes(connection)


def _of(connection: Connection) -> models.QuerySet[Evaluation]:
    return Evaluation.objects.filter(
        workflow__connection=connection, company_id=connection.company_id
    )


def _judge_evaluations(connection: Connection, which: Q, *, brakes_on: bool = True) -> Evaluated:
    """Judge the records of these verdicts once; what stays as it is is not asked again."""
    done, last = Evaluated(), 0
    while rows := list(
        _of(connection)
        .filter(which, pk__gt=last)
        .filter(workflow__state=Workflow.State.ON)
        .order_by("pk")
        .values_list("pk", "record_id", "workflow__object_name")[:BATCH]
    ):
        last = rows[-1][0]
        for object_name in sorted({name for _, _, name in rows}):
            records = [record for _, record, name in rows if name == object_name]
            done += judge_kept(connection, object_name, records, anyway=True, brakes_on=brakes_on)
    return done
