from functools import partial
from typing import Any

from integrations.management.answering import EXIT_CODES, RecordCommand
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.reconciling import reconcile, request_reconcile


class Command(RecordCommand):
    help = f"Compares all records with Salesforce and repairs what differs. {EXIT_CODES}"

    def handle(self, *args: Any, **options: Any) -> None:
        requests = [
            partial(request_reconcile, connection, name, by=None)
            for connection in self.connections(options)
            for name in objects_in_use(connection)
        ]
        self.do_rounds(options, requests, reconcile)
