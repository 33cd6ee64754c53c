"""What records ask of a person, for the list on the start page."""

from __future__ import annotations

from django.db.models import Count

from integrations.models import Connection, Evaluation, Workflow
from integrations.record_sync.previewing import preview_held_change

from . import held_changes, held_records
from .addresses import page_of, records_with, workflows_of
from .words import counted
from .work_line import Work


def record_work(connection: Connection) -> list[Work]:
    return [
        *_held_changes(connection),
        _workflows(connection),
        _held_records(connection),
        _set_aside(connection),
    ]


def _held_changes(connection: Connection) -> list[Work]:
    page = page_of("connection_held_changes", connection.pk)
    lines = []
    for change in held_changes.open_changes(connection):
        number = preview_held_change(change)
        words = f"{held_changes.words(change, number)}: held until you decide"
        lines.append(Work("held_change", words, number, page))
    return lines


def _workflows(connection: Connection) -> Work:
    state = Workflow.State.NEEDS_ATTENTION
    number = connection.workflows.filter(state=state).count()
    return Work("workflows", "Workflows that need attention", number, workflows_of(connection))


def _held_records(connection: Connection) -> Work:
    counts = held_records.held(connection).aggregate(
        records=Count("pk"), people=Count("salesforce_user_id", distinct=True)
    )
    words = "Records that wait for people without an account"
    noun = "record" if counts["records"] == 1 else "records"
    of = f"{noun} of {counted(counts['people'], 'person', 'people')}"
    page = page_of("connection_held_records", connection.pk)
    return Work("held", words, counts["records"], page, more=of)


def _set_aside(connection: Connection) -> Work:
    number = Evaluation.objects.filter(
        workflow__in=connection.workflows.values("pk"), verdict=Evaluation.Verdict.FAILED
    ).count()
    page = records_with(connection, verdict=Evaluation.Verdict.FAILED.value)
    return Work("set_aside", "Records set aside with an error", number, page)
