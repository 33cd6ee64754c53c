"""What all commands for scripts share: their options, how they answer, and how they end."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from accounts.management.errors import one_line
from integrations.connecting.attempts import LogInRefused
from integrations.record_sync.runs import RunRefused
from integrations.record_sync.workflows import WorkflowRefused
from integrations.salesforce.errors import SalesforceError
from integrations.user_sync.errors import PlanError, RefreshRefused

from .exit_codes import BAD_USE, FAILED, HELD

EXIT_CODES = "Ends with 0 when done, 1 when it failed, 2 for bad use, 3 when it waits for a person."


class BadUse(CommandError):
    """An option that cannot be meant so; the message is one line for whoever typed it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=BAD_USE)


@dataclass
class Answer:
    """The same for a person and for a script."""

    values: Any  # one object; or a list of them, each of which says itself what is wrong with it
    lines: list[str] = field(default_factory=list)
    waits_for: str = ""  # whom, or what of them, in a sentence; then the exit code is HELD
    failure: str = ""  # what failed, in a sentence, where the answer is worth reading all the same


class ScriptableCommand(BaseCommand):
    """A command with ``--json``, and with ``--dry-run`` where it can undo what it did."""

    has_dry_run: ClassVar[bool] = True
    #: No transaction is open while Salesforce is asked, so such a command undoes its own part.
    asks_salesforce: ClassVar[bool] = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXIT_CODES, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer in JSON, for a script")
        if self.has_dry_run:
            parser.add_argument(
                "--dry-run", action="store_true", help="say what would happen and change nothing"
            )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Do it. Errors that are for people become one line and the right exit code."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self._answer(options)
        except CommandError as error:
            self._tell_script(options, error)
            raise
        except _FOR_PEOPLE as error:
            failure = CommandError(in_one_line(error), returncode=FAILED)
            self._tell_script(options, failure)
            raise failure from error
        self._print(answer, as_json=options["json"])
        if answer.failure:
            raise CommandError(answer.failure, returncode=FAILED)
        if answer.waits_for:
            raise SystemExit(HELD)

    def _answer(self, options: dict[str, Any]) -> Answer:
        if self.asks_salesforce:
            answer = self.answer(options)
        else:
            with self.undone_in_a_dry_run(options):
                answer = self.answer(options)
        if options.get("dry_run"):
            answer.lines.append("A dry run: nothing was changed.")
        return answer

    @contextmanager
    def undone_in_a_dry_run(self, options: dict[str, Any]) -> Iterator[None]:
        """What is done inside is really done, and rolled back where it is a dry run."""
        if not options.get("dry_run"):
            yield
            return
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def _print(self, answer: Answer, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(_json(_with_its_end(answer)))
            return
        for line in answer.lines:
            self.stdout.write(line)
        if answer.waits_for:
            self.stdout.write(answer.waits_for)

    def _tell_script(self, options: dict[str, Any], error: CommandError) -> None:
        if options["json"]:
            self.stdout.write(_json({"error": str(error)}))


_FOR_PEOPLE = (
    LogInRefused,
    PlanError,
    RefreshRefused,
    RunRefused,
    SalesforceError,
    ValidationError,
    WorkflowRefused,
)


def in_one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return one_line(error)
    return " ".join(str(getattr(error, "message", error)).split())


def _with_its_end(answer: Answer) -> Any:
    if isinstance(answer.values, list):
        return answer.values
    end = {"waits_for": answer.waits_for, "error": answer.failure}
    return answer.values | {name: text for name, text in end.items() if text}


def _json(values: Any) -> str:
    return json.dumps(values, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
