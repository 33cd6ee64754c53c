from functools import partial
from typing import Any

from integrations.management.answering import EXIT_CODES, RecordCommand
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.reconciling import reconcile, request_reconcile
from integrations.rounds import why_no_access


class Command(RecordCommand):
    help = f"Compares all records with Salesforce and repairs what differs. {EXIT_CODES}"

    def handle(self, *args: Any, **options: Any) -> None:
        connections = self.connections(options)
        requests = [
            partial(request_reconcile, connection, name, by=None)
            for connection in connections
            if connection.has_access
            for name in objects_in_use(connection)
        ]
        refused = [f"{one}: {why_no_access(one)}" for one in connections if not one.has_access]
        self.do_rounds(options, requests, reconcile, refused=refused)
