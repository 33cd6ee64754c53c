from typing import Any

from django.db.models import Sum

from integrations.management.answering import EXIT_CODES, RecordCommand
from integrations.management.exit_codes import DONE, FAILED, HELD
from integrations.models import Connection, Evaluation, HeldChange, SyncRun
from integrations.record_sync.polling import poll


class Command(RecordCommand):
    help = f"Reads what changed in Salesforce since the last time, now. {EXIT_CODES}"

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [self._poll(one) for one in self.connections(options)]
        lines = [
            f"{row['name']}: {row['error'] or 'done.'}"
            f" {row['records']} records changed, {row['held']} held."
            for row in rows
        ]
        self.answer(options, rows, lines)
        if failed := [f"{row['name']}: {row['error']}" for row in rows if row["error"]]:
            self.stderr.write(" ".join(failed))
            self.end(FAILED)
        self.end(HELD if any(row["waiting"] for row in rows) else DONE)

    def _poll(self, connection: Connection) -> dict[str, Any]:
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
            "waiting": HeldChange.objects.filter(
                connection=connection, decided_at__isnull=True
            ).count(),
            "error": error,
        }
