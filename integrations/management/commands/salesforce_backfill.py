from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import CommandError

from integrations.management.answering import (
    BAD_USE,
    EXIT_CODES,
    FAILED,
    RecordCommand,
    exit_code,
    run_as_line,
    run_as_row,
)
from integrations.record_sync.backfilling import backfill, request_backfill
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.runs import RunRefused


class Command(RecordCommand):
    help = (
        "Reads the records since a day, each report in its own date's place. It can be interrupted"
        f" and goes on where it was. {EXIT_CODES}"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--since", required=True, type=_day, metavar="YYYY-MM-DD")
        parser.add_argument("--object", metavar="NAME", help="only this object of Salesforce")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = self.one_connection(options)
        objects = objects_in_use(connection)
        if options["object"]:
            objects = [name for name in objects if name.lower() == options["object"].lower()]
        if not objects:
            raise CommandError("No workflow that is on uses such an object.", returncode=BAD_USE)
        runs = []
        for name in objects:
            try:
                run = request_backfill(connection, name, options["since"], by=None)
            except RunRefused as error:
                raise CommandError(str(error), returncode=FAILED) from error
            backfill(run.pk)
            run.refresh_from_db()
            runs.append(run)
        self.answer(options, [run_as_row(one) for one in runs], [run_as_line(one) for one in runs])
        self.end(exit_code(runs))


def _day(text: str) -> date:
    return date.fromisoformat(text)
