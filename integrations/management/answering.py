"""What all commands of the record sync share: which connection, and how they end."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.models import Connection, SyncRun
from integrations.record_sync.backfilling import FIRST_DAY
from integrations.record_sync.runs import RunRefused

from .exit_codes import BAD_USE, DONE, FAILED, HELD

EXIT_CODES = "Ends with 0 when done, 1 when it failed, 2 for bad use, 3 when a person must look."


class RecordCommand(BaseCommand):
    """A command about connections, whose answer is for people or, with ``--json``, for programs."""

    has_answered = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", metavar="SLUG", help="only this company")
        parser.add_argument("--connection", type=int, metavar="ID", help="only this connection")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's; a script reads in its own form what went wrong, too."""
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if options["json"] and not self.has_answered:
                self.answer(options, {"error": str(error)}, ())
            raise

    def connections(self, options: Mapping[str, Any]) -> list[Connection]:
        """The chosen ones that are not terminated; choosing none of them is bad use."""
        found = Connection.objects.select_related("company").order_by("pk")
        found = found.exclude(state=Connection.State.TERMINATED)
        if options["company"] is not None:
            found = found.filter(company__slug=options["company"])
        if options["connection"] is not None:
            found = found.filter(pk=options["connection"])
        chosen = list(found)
        if not chosen:
            raise CommandError("There is no such connection.", returncode=BAD_USE)
        return chosen

    def one_connection(self, options: Mapping[str, Any]) -> Connection:
        chosen = self.connections(options)
        if len(chosen) > 1:
            raise CommandError(
                "There are several connections: say which, with --company or --connection.",
                returncode=BAD_USE,
            )
        return chosen[0]

    def answer(
        self,
        options: Mapping[str, Any],
        rows: Sequence[Mapping[str, Any]] | Mapping[str, Any],
        lines: Sequence[str],
    ) -> None:
        self.has_answered = True
        if options["json"]:
            self.stdout.write(json.dumps(rows, default=str, indent=2))
        else:
            for line in lines:
                self.stdout.write(line)

    def do_rounds(
        self,
        options: Mapping[str, Any],
        requests: Iterable[Callable[[], SyncRun]],
        carry_out: Callable[[int], None],
        *,
        refused: Sequence[str] = (),
    ) -> None:
        """Do the rounds that are asked for, here and now, and answer with what came of each.

        One that is ``refused``, already or now, keeps no other from being done.
        """
        runs, refusals = [], list(refused)
        for request in requests:
            try:
                run = request()
            except RunRefused as error:
                refusals.append(str(error))
                continue
            carry_out(run.pk)
            run.refresh_from_db()
            runs.append(run)
        refusals = list(dict.fromkeys(refusals))
        rows = [*(run_as_row(one) for one in runs), *({"error": one} for one in refusals)]
        self.answer(options, rows, [run_as_line(one) for one in runs])
        if refusals:
            raise CommandError(" ".join(refusals), returncode=FAILED)
        self.end(exit_code(runs))

    def end(self, code: int) -> None:
        if code != DONE:
            sys.exit(code)


def day_since(text: str) -> date:
    """A day that has been, as the pages take it."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a day: write YYYY-MM-DD") from error
    if not FIRST_DAY <= day <= timezone.localdate():
        raise ArgumentTypeError(f"choose a day from {FIRST_DAY} to today")
    return day


def exit_code(runs: Sequence[SyncRun]) -> int:
    if any(run.state == SyncRun.State.FAILED for run in runs):
        return FAILED
    return DONE if all(run.state == SyncRun.State.DONE for run in runs) else HELD


def run_as_row(run: SyncRun) -> dict[str, Any]:
    return {
        "run": run.pk,
        "connection": run.connection_id,
        "object": run.object_name,
        "kind": run.kind,
        "state": run.state,
        "read": run.read,
        "added": run.added,
        "changed": run.changed,
        "missing": run.missing,
        "reported": run.reported,
        "taken_back": run.taken_back,
        "set_aside": run.set_aside,
        "api_calls": run.api_calls,
        "error": run.error,
    }


def run_as_line(run: SyncRun) -> str:
    if run.state == SyncRun.State.FAILED:
        return f"{run.object_name}: {run.error}"
    return (
        f"{run.object_name}: {run.get_state_display().lower()}. {run.read} records read,"
        f" {run.added} new, {run.changed} changed; {run.reported} reports made,"
        f" {run.taken_back} taken back; {run.set_aside} set aside, {run.missing} no longer visible."
    )
