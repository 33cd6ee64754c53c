from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from integrations.management.answering import EXIT_CODES, RecordCommand, day_since
from integrations.management.exit_codes import BAD_USE
from integrations.record_sync.backfilling import backfill, request_backfill
from integrations.record_sync.describing import objects_in_use


class Command(RecordCommand):
    help = (
        "Reads the records since a day, each report in its own date's place. It can be interrupted"
        f" and goes on where it was. {EXIT_CODES}"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--since", required=True, type=day_since, metavar="YYYY-MM-DD")
        parser.add_argument("--object", metavar="NAME", help="only this object of Salesforce")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = self.one_connection(options)
        objects = objects_in_use(connection)
        if options["object"]:
            objects = [name for name in objects if name.lower() == options["object"].lower()]
        if not objects:
            raise CommandError("No workflow that is on uses such an object.", returncode=BAD_USE)
        requests = [
            partial(request_backfill, connection, name, options["since"], by=None)
            for name in objects
        ]
        self.do_rounds(options, requests, backfill)
