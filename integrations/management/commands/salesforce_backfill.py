from argparse import ArgumentParser
from functools import partial
from typing import Any, ClassVar

from integrations.management.rounds import day_since, do_rounds
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import add_connection_arguments, connection_of
from integrations.record_sync.backfilling import backfill, request_backfill
from integrations.record_sync.describing import objects_in_use


class Command(ScriptableCommand):
    help = (
        "Reads the records since a day, each report in its own date's place. It can be interrupted"
        " and goes on where it was."
    )
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)
        parser.add_argument("--since", required=True, type=day_since, metavar="YYYY-MM-DD")
        parser.add_argument("--object", metavar="NAME", help="only this object of Salesforce")

    def answer(self, options: dict[str, Any]) -> Answer:
        connection = connection_of(options)
        objects = objects_in_use(connection)
        if options["object"]:
            objects = [name for name in objects if name.lower() == options["object"].lower()]
        if not objects:
            raise BadUse("No workflow that is on uses such an object.")
        requests = [
            partial(request_backfill, connection, name, options["since"], by=None)
            for name in objects
        ]
        return do_rounds(requests, backfill)
