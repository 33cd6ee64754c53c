from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from integrations.config_file.exporting import exported
from integrations.config_file.importing import Imported, bring_in
from integrations.config_file.reading import ConfigWrong, read
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import (
    actor_of,
    add_actor_argument,
    add_connection_arguments,
    connection_of,
)
from integrations.management.shown_plan import shown


class Command(ScriptableCommand):
    help = (
        "Writes a connection's settings, rules and mappings as JSON, without any secret; or brings"
        " such a file in. Mappings become a plan, which somebody approves."
    )

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["export", "import"])
        parser.add_argument("file", nargs="?", default="-", help="else standard output or input")
        add_connection_arguments(parser)
        add_actor_argument(parser)
        parser.add_argument(
            "--confirmed",
            action="store_true",
            help="import also scope rules that leave out most of who is in now",
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        connection = connection_of(options)
        if options["what"] == "import":
            by = actor_of(options, connection.company)
            try:
                config = read(_parsed(options["file"]), connection)
                confirmed = options["confirmed"]
                return _told(bring_in(connection, config, by=by, confirmed=confirmed))
            except ConfigWrong as error:
                raise BadUse(str(error)) from error
        values = exported(connection)
        text = json.dumps(values, ensure_ascii=False, indent=2)
        if options["file"] == "-":
            return Answer(values, [text])
        if not options["dry_run"]:
            _write(options["file"], text)
        return Answer({"file": options["file"]}, [f"Written to {options['file']}."])


def _told(imported: Imported) -> Answer:
    changes = {
        part: {"before": before, "after": after}
        for part, (before, after) in imported.changes.items()
    }
    answer = Answer({"changes": changes}, [f"Changed: {part}" for part in changes])
    if not changes:
        answer.lines.append("Settings and rules are like that already.")
    if imported.plan is not None:
        plan = shown(imported.plan)
        answer.values["plan"] = plan.values
        answer.lines += plan.lines
        answer.waits_for = f"Approve the mappings: manage.py plan approve {imported.plan.pk}"
    return answer


def _parsed(file: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if file == "-" else Path(file).read_text())
    except OSError as error:
        raise BadUse(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadUse(f"{file} is no JSON: {error}.") from error
    except RecursionError as error:
        raise BadUse(f"{file} is no configuration: it is nested too deeply.") from error


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text + "\n")
    except OSError as error:
        raise BadUse(f"{file} cannot be written: {error.strerror}.") from error
