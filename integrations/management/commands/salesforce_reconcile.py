from functools import partial
from typing import Any

from django.core.management.base import CommandError

from integrations.management.answering import EXIT_CODES, RecordCommand
from integrations.management.exit_codes import FAILED
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.reconciling import reconcile, request_reconcile
from integrations.rounds import why_no_access


class Command(RecordCommand):
    help = f"Compares all records with Salesforce and repairs what differs. {EXIT_CODES}"

    def handle(self, *args: Any, **options: Any) -> None:
        connections = self.connections(options)
        for connection in connections:
            if not connection.has_access:
                raise CommandError(f"{connection}: {why_no_access(connection)}", returncode=FAILED)
        requests = [
            partial(request_reconcile, connection, name, by=None)
            for connection in connections
            for name in objects_in_use(connection)
        ]
        self.do_rounds(options, requests, reconcile)
