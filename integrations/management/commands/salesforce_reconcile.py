from typing import Any

from django.core.management.base import CommandError

from integrations.management.answering import (
    EXIT_CODES,
    FAILED,
    RecordCommand,
    exit_code,
    run_as_line,
    run_as_row,
)
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.reconciling import reconcile, request_reconcile
from integrations.record_sync.runs import RunRefused


class Command(RecordCommand):
    help = f"Compares all records with Salesforce and repairs what differs. {EXIT_CODES}"

    def handle(self, *args: Any, **options: Any) -> None:
        runs = []
        for connection in self.connections(options):
            for name in objects_in_use(connection):
                try:
                    run = request_reconcile(connection, name, by=None)
                except RunRefused as error:
                    raise CommandError(str(error), returncode=FAILED) from error
                reconcile(run.pk)
                run.refresh_from_db()
                runs.append(run)
        self.answer(options, [run_as_row(one) for one in runs], [run_as_line(one) for one in runs])
        self.end(exit_code(runs))
