from argparse import ArgumentParser
from functools import partial
from typing import Any, ClassVar

from integrations.management.rounds import do_rounds
from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import add_connection_arguments, connections_of
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.reconciling import reconcile, request_reconcile
from integrations.rounds import why_no_access


class Command(ScriptableCommand):
    help = "Compares all records with Salesforce and repairs what differs."
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        connections = connections_of(options)
        requests = [
            partial(request_reconcile, connection, name, by=None)
            for connection in connections
            if connection.has_access
            for name in objects_in_use(connection)
        ]
        refused = [f"{one}: {why_no_access(one)}" for one in connections if not one.has_access]
        return do_rounds(requests, reconcile, refused=refused)
