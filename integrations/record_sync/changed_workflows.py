"""Workflows that are newer than their verdicts: all records that are kept are asked about."""

from __future__ import annotations

import logging

from django.db import connection as database
from django.db.models import F

from integrations.models import Connection, Workflow

from .backfilling import ask_for_missing_fields
from .evaluating import BATCH, Evaluated
from .judging import judge_kept
from .runs import RunRefused

logger = logging.getLogger(__name__)


def evaluate_changed_workflows(connection: Connection) -> Evaluated:
    """Ask workflows that are newer than their verdicts about all records that are kept."""
    _follow_the_company(connection)
    done = Evaluated()
    for workflow in (
        Workflow.objects.filter(connection=connection, evaluated_version__lt=F("version"))
        .select_related("connection")
        .exclude(state=Workflow.State.NEEDS_ATTENTION)
    ):
        last = 0
        while batch := _not_asked(workflow, last):
            last = batch[-1]
            done += judge_kept(connection, workflow.object_name, batch)
        if not _not_asked(workflow, 0) and _has_what_it_needs(workflow):
            # Only for the version that was asked: a change of just now is another round.
            Workflow.objects.filter(pk=workflow.pk, version=workflow.version).update(
                evaluated_version=workflow.version
            )
    return done


def _follow_the_company(connection: Connection) -> None:
    """Its currency and time zone stand in the reports: with them, they change."""
    company = connection.company
    terms = f"{company.time_zone} {company.currency}"
    workflows = Workflow.objects.filter(connection=connection).exclude(company_terms=terms)
    workflows.filter(company_terms="").update(company_terms=terms)
    workflows.exclude(state=Workflow.State.OFF).update(
        company_terms=terms, version=F("version") + 1
    )


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
