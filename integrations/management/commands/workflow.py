from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.management.errors import one_line
from accounts.reach import number_in
from integrations.management.answering import (
    EXIT_CODES,
    RecordCommand,
    day_since,
    exit_code,
    run_as_line,
    run_as_row,
)
from integrations.management.exit_codes import BAD_USE, FAILED, HELD
from integrations.models import Evaluation, Workflow
from integrations.record_sync import workflows
from integrations.record_sync.backfilling import backfill
from integrations.record_sync.due import evaluate_due
from integrations.record_sync.runs import RunRefused
from integrations.record_sync.templates import TEMPLATES
from integrations.record_sync.trying import try_workflow
from integrations.salesforce.errors import SalesforceError

#: Ten years: what is older tells nothing about what a workflow would report now.
MOST_DAYS = 3_660


class Command(RecordCommand):
    help = f"Lists, makes, tries and switches workflows. {EXIT_CODES}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=("list", "create", "try", "enable", "disable"))
        parser.add_argument("name", nargs="?", help="the workflow's name or number")
        parser.add_argument("--template", choices=sorted(TEMPLATES), help="for create")
        parser.add_argument("--days", type=_days, default=30, help="for try (30)")
        parser.add_argument(
            "--since", type=day_since, help="for enable: count since then; else from now"
        )
        parser.add_argument(
            "--take-back", action="store_true", help="for disable: take its reports back, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = Workflow.objects.filter(connection__in=self.connections(options)).order_by("pk")
        rows = [_as_row(one) for one in found]
        lines = [f"{r['workflow']:>4}  {r['state']:<16} {r['name']} {r['problem']}" for r in rows]
        self.answer(options, rows, lines or ["There are no workflows yet."])
        if any(row["problem"] for row in rows):
            self.end(HELD)

    def _create(self, options: dict[str, Any]) -> None:
        if not options["template"]:
            raise CommandError("Say which, with --template.", returncode=BAD_USE)
        name = options["name"] or ""
        try:
            Workflow._meta.get_field("name").run_validators(name)
        except ValidationError as error:
            raise CommandError(f"name: {one_line(error)}", returncode=BAD_USE) from error
        try:
            made = workflows.create_from_template(
                self.one_connection(options),
                TEMPLATES[options["template"]],
                by=None,
                name=name,
            )
        except workflows.WorkflowRefused as error:
            raise CommandError(str(error), returncode=FAILED) from error
        self.answer(options, [_as_row(made)], [f"“{made}” is there, off. Its number is {made.pk}."])

    def _try(self, options: dict[str, Any]) -> None:
        try:
            trial = try_workflow(self._chosen(options), options["days"])
        except SalesforceError as error:
            raise CommandError(error.message, returncode=FAILED) from error
        rows = [vars(row) for row in trial.rows]
        lines = [f"{row.occurred_on} {row.person}: {row.value}" for row in trial.reported[:20]]
        lines += [f"{count} {Evaluation.Verdict(v).label}" for v, count in trial.by_verdict.items()]
        lines += [f"In total {total} {currency}" for currency, total in trial.totals.items()]
        self.answer(options, rows, [*lines, trial.warning] if trial.warning else lines)

    def _enable(self, options: dict[str, Any]) -> None:
        workflow = self._chosen(options)
        if options["since"] and workflow.state != Workflow.State.OFF:
            raise CommandError(
                f"“{workflow}” is on already: --since was not applied. Switch it off first, or read"
                " earlier records with salesforce_backfill.",
                returncode=BAD_USE,
            )
        try:
            run = workflows.switch_on(workflow, since=options["since"], by=None)
        except RunRefused as error:
            raise CommandError(str(error), returncode=FAILED) from error
        evaluate_due(workflow.connection)
        if run is None:
            self.answer(options, [_as_row(workflow)], [f"“{workflow}” is on."])
            return
        backfill(run.pk)
        run.refresh_from_db()
        self.answer(options, [run_as_row(run)], [f"“{workflow}” is on.", run_as_line(run)])
        self.end(exit_code([run]))

    def _disable(self, options: dict[str, Any]) -> None:
        workflow = self._chosen(options)
        workflows.switch_off(workflow, take_back=options["take_back"], by=None)
        said = evaluate_due(workflow.connection)
        line = f"“{workflow}” is off; {said.taken_back} reports were taken back."
        self.answer(options, [_as_row(workflow)], [line])

    def _chosen(self, options: dict[str, Any]) -> Workflow:
        name = options["name"]
        if not name:
            raise CommandError("Say which workflow.", returncode=BAD_USE)
        found = Workflow.objects.filter(connection__in=self.connections(options))
        number = number_in(name)
        found = found.filter(name__iexact=name) if number is None else found.filter(pk=number)
        chosen = list(found.select_related("connection__company", "company"))
        if len(chosen) != 1:
            raise CommandError(
                f"{len(chosen) or 'No'} workflows are called “{name}”.", returncode=BAD_USE
            )
        return chosen[0]


def _days(text: str) -> int:
    days = number_in(text) or 0
    if not 1 <= days <= MOST_DAYS:
        raise ArgumentTypeError(f"say how many days, from 1 to {MOST_DAYS}")
    return days


def _as_row(workflow: Workflow) -> dict[str, Any]:
    return {
        "workflow": workflow.pk,
        "name": workflow.name,
        "connection": workflow.connection_id,
        "object": workflow.object_name,
        "state": workflow.state,
        "problem": workflow.problem,
        "counts_from": workflow.counts_from,
    }
