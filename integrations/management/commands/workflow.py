from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.template.defaultfilters import floatformat

from accounts.management.errors import one_line
from accounts.reach import number_in
from integrations.management.rounds import day_since, outcome_of
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import (
    add_connection_arguments,
    connection_of,
    connections_of,
)
from integrations.models import Evaluation, Workflow
from integrations.record_sync import workflows
from integrations.record_sync.backfilling import backfill
from integrations.record_sync.due import evaluate_due
from integrations.record_sync.previewing import PreviewRow
from integrations.record_sync.templates import TEMPLATES, create_from_template
from integrations.record_sync.trying import try_workflow

#: Ten years: what is older tells nothing about what a workflow would report now.
MOST_DAYS = 3_660


class Command(ScriptableCommand):
    help = "Lists, makes, tries and switches workflows."
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)
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

    def answer(self, options: dict[str, Any]) -> Answer:
        match options["action"]:
            case "list":
                return _list(options)
            case "create":
                return _create(options)
        workflow = _chosen(options)
        match options["action"]:
            case "try":
                return _try(workflow, options)
            case "enable":
                return _enable(workflow, options)
        return _disable(workflow, options)


def _list(options: dict[str, Any]) -> Answer:
    found = Workflow.objects.filter(connection__in=connections_of(options)).order_by("pk")
    rows = [_as_row(one) for one in found]
    lines = [f"{r['workflow']:>4}  {r['state']:<16} {r['name']} {r['problem']}" for r in rows]
    problems = [row["name"] for row in rows if row["problem"]]
    return Answer(
        rows,
        lines or ["There are no workflows yet."],
        waits_for=f"These have a problem: {', '.join(problems)}." if problems else "",
    )


def _create(options: dict[str, Any]) -> Answer:
    if not options["template"]:
        raise BadUse("Say which, with --template.")
    name = options["name"] or ""
    try:
        Workflow._meta.get_field("name").run_validators(name)
    except ValidationError as error:
        raise BadUse(f"name: {one_line(error)}") from error
    made = create_from_template(
        connection_of(options), TEMPLATES[options["template"]], by=None, name=name
    )
    return Answer([_as_row(made)], [f"“{made}” is there, off. Its number is {made.pk}."])


def _try(workflow: Workflow, options: dict[str, Any]) -> Answer:
    trial = try_workflow(workflow, options["days"])
    lines = [_as_seen(row, workflow) for row in trial.reported[:20]]
    lines += [f"{count} {Evaluation.Verdict(v).label}" for v, count in trial.by_verdict.items()]
    lines += [f"In total {_amount(*total)}" for total in trial.totals.items()]
    lines += [trial.warning] if trial.warning else []
    return Answer([vars(row) for row in trial.rows], lines)


def _as_seen(row: PreviewRow, workflow: Workflow) -> str:
    """As colleagues will see it: a value that its type does not show is left out."""
    line = f"{row.occurred_on} {row.person}"
    if row.value is None or not workflow.activity_type.shows_value:
        return line
    return f"{line}: {_amount(row.currency, row.value)}"


def _amount(currency: str, value: Decimal) -> str:
    """“4” or “12,500.50 USD”."""
    return f"{floatformat(value, '-2g')} {currency}".strip()


def _enable(workflow: Workflow, options: dict[str, Any]) -> Answer:
    if options["since"] and workflow.state != Workflow.State.OFF:
        raise BadUse(
            f"“{workflow}” is on already: --since was not applied. Switch it off first, or read"
            " earlier records with salesforce_backfill."
        )
    run = workflows.switch_on(workflow, since=options["since"], by=None)
    evaluate_due(workflow.connection)
    is_on = f"“{workflow}” is on."
    if run is None:
        return Answer([_as_row(workflow)], [is_on])
    backfill(run.pk)
    run.refresh_from_db()
    answer = outcome_of([run])
    answer.lines.insert(0, is_on)
    return answer


def _disable(workflow: Workflow, options: dict[str, Any]) -> Answer:
    workflows.switch_off(workflow, take_back=options["take_back"], by=None)
    said = evaluate_due(workflow.connection)
    line = f"“{workflow}” is off; {said.taken_back} reports were taken back."
    return Answer([_as_row(workflow)], [line])


def _chosen(options: dict[str, Any]) -> Workflow:
    name = options["name"]
    if not name:
        raise BadUse("Say which workflow.")
    found = Workflow.objects.filter(connection__in=connections_of(options))
    number = number_in(name)
    found = found.filter(name__iexact=name) if number is None else found.filter(pk=number)
    chosen = list(found.select_related("connection__company", "company", "activity_type"))
    if len(chosen) != 1:
        raise BadUse(f"{len(chosen) or 'No'} workflows are called “{name}”.")
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
