from argparse import ArgumentParser
from typing import Any, ClassVar

from django.db.models import Sum

from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import add_connection_arguments, connections_of
from integrations.models import Connection, Evaluation, SyncRun
from integrations.record_sync.polling import poll
from integrations.record_sync.previewing import undecided_changes


class Command(ScriptableCommand):
    help = "Reads what changed in Salesforce since the last time, now."
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        rows = [_poll(one) for one in connections_of(options)]
        waiting = sum(row["waiting"] for row in rows)
        return Answer(
            rows,
            [
                f"{row['name']}: {row['error'] or 'done.'}"
                f" {row['records']} records changed, {row['held']} held."
                for row in rows
            ],
            waits_for=f"Changes that wait for a decision: {waiting}." if waiting else "",
            failure=" ".join(f"{row['name']}: {row['error']}" for row in rows if row["error"]),
        )


def _poll(connection: Connection) -> dict[str, Any]:
    last = SyncRun.objects.filter(connection=connection).order_by("-pk").first()
    started = poll(connection.pk)
    connection.refresh_from_db()
    runs = SyncRun.objects.filter(connection=connection, kind=SyncRun.Kind.POLL)
    new = runs.filter(pk__gt=last.pk if last else 0)
    failed = runs.filter(state=SyncRun.State.FAILED).order_by("-finished_at").first()
    latest = runs.order_by("-finished_at").first()
    error = failed.error if failed is not None and failed == latest else ""
    if not started:
        error = "another process is at it."
    elif not connection.has_access:
        error = connection.state_reason or connection.get_state_display()
    held = Evaluation.objects.filter(
        workflow__connection=connection, verdict=Evaluation.Verdict.HELD
    )
    return {
        "connection": connection.pk,
        "name": str(connection),
        "records": new.aggregate(n=Sum("added") + Sum("changed"))["n"] or 0,
        "held": held.count(),
        "waiting": undecided_changes().filter(connection=connection).count(),
        "error": error,
    }
