"""What is to be judged though no record came: found by queries, so that nothing can be forgotten.

A changed workflow, a hold whose reason has gone, a day that has come, a mass change that a person
has decided: each can be taken up by anybody, any number of times.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.db import connection as database
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

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

from .arriving import TakenIn, again_when_it_passes
from .backfilling import ask_for_missing_fields
from .evaluating import BATCH, Evaluated, evaluate, lock
from .people import load_people
from .runs import RunRefused

logger = logging.getLogger(__name__)
Hold = Evaluation.Hold


def evaluate_due(connection: Connection) -> Evaluated:
    """Judge everything that is due, in batches with a transaction each."""
    return (
        evaluate_changed_workflows(connection)
        + evaluate_what_time_changes(connection)
        + hold_again(connection)
        + release(connection)
        + carry_out_decisions(connection)
    )


def evaluate_changed_workflows(connection: Connection) -> Evaluated:
    """Ask workflows that are newer than their verdicts about all records that are kept."""
    done = Evaluated()
    for workflow in (
        Workflow.objects.filter(connection=connection, evaluated_version__lt=F("version"))
        .select_related("connection")
        .exclude(state=Workflow.State.NEEDS_ATTENTION)
    ):
        last = 0
        while batch := _not_asked(workflow, last):
            last = batch[-1]
            done += _judge(connection, workflow.object_name, batch)
        if not _not_asked(workflow, 0) and _has_what_it_needs(workflow):
            # Only for the version that was asked: a change of just now is another round.
            Workflow.objects.filter(pk=workflow.pk, version=workflow.version).update(
                evaluated_version=workflow.version
            )
    return done


def evaluate_what_time_changes(connection: Connection) -> Evaluated:
    """A meeting that has taken place, a hold that has lasted too long."""
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
    no longer waits, asks for nobody any more.
    """
    done = Evaluated()
    for change in HeldChange.objects.filter(connection=connection, finished_at__isnull=True):
        waiting = Q(hold=change.kind, workflow__object_name=change.object_name)
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


def judge_records(
    connection: Connection, object_name: str, change: Callable[[], Sequence[int]]
) -> Evaluated:
    """Change some records, which returns and locks them, and judge them in one transaction."""

    def write() -> TakenIn:
        with transaction.atomic():
            return TakenIn(evaluated=evaluate(connection, object_name, change(), live=True))

    return again_when_it_passes(write).evaluated


def _not_asked(workflow: Workflow, last: int) -> list[int]:
    """Records that this version of the workflow was not asked about, in order after ``last``.

    One that was switched off is asked only about those that it has judged.
    """
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT record.id FROM integrations_salesforcerecord record"
            " WHERE record.connection_id = %s AND record.object_name = %s AND record.id > %s"
            " AND NOT EXISTS (SELECT FROM integrations_evaluation kept"
            "   WHERE kept.record_id = record.id AND kept.workflow_id = %s"
            "   AND kept.workflow_version >= %s AND kept.record_version >= record.version)"
            " AND (%s OR EXISTS (SELECT FROM integrations_evaluation kept"
            "   WHERE kept.record_id = record.id AND kept.workflow_id = %s))"
            " ORDER BY record.id LIMIT %s",
            [
                workflow.connection_id,
                workflow.object_name,
                last,
                workflow.pk,
                workflow.version,
                workflow.state == Workflow.State.ON,
                workflow.pk,
                BATCH,
            ],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _has_what_it_needs(workflow: Workflow) -> bool:
    """Whether the kept records have its fields, or are being read again; False is to ask later."""
    if workflow.state != Workflow.State.ON:
        return True
    try:
        ask_for_missing_fields(workflow)
    except RunRefused as error:
        logger.info("workflow %s has to wait for its fields: %s", workflow.pk, error)
        return False
    return True


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
            done += _judge(connection, object_name, records, anyway=True, brakes_on=brakes_on)
    return done


def _judge(
    connection: Connection,
    object_name: str,
    record_ids: Sequence[int],
    *,
    anyway: bool = False,
    brakes_on: bool = True,
) -> Evaluated:
    def write() -> TakenIn:
        with transaction.atomic():
            locked = lock(record_ids)
            said = evaluate(
                connection,
                object_name,
                locked,
                anyway=locked if anyway else (),
                brakes_on=brakes_on,
            )
        return TakenIn(evaluated=said)

    return again_when_it_passes(write).evaluated
