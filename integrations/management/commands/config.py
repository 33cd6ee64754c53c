from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from accounts.models import User
from integrations.config_file import fields
from integrations.config_file.exporting import exported
from integrations.config_file.importing import Imported, bring_in
from integrations.config_file.reading import Config, ConfigWrong, read
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import (
    actor_of,
    add_actor_argument,
    add_connection_arguments,
    connection_of,
)
from integrations.management.shown_plan import shown
from integrations.management.working import refresh_now, why_not_read
from integrations.models import Connection, SyncRun
from integrations.user_sync.directory import request_refresh


class Command(ScriptableCommand):
    help = (
        "Writes a connection's settings, rules and mappings as JSON, without any secret; or brings"
        " such a file in. Mappings become a plan, which somebody approves."
    )
    asks_salesforce: ClassVar[bool] = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["export", "import"])
        parser.add_argument("file", nargs="?", default="-", help="else standard output or input")
        add_connection_arguments(parser)
        add_actor_argument(parser)
        parser.add_argument(
            "--confirmed",
            action="store_true",
            help="import also scope rules that leave out most of who is in now",
        )
        parser.add_argument(
            "--refresh",
            action="store_true",
            help="import: read the Salesforce users first, with the fields that the rules need",
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        connection = connection_of(options)
        if options["what"] == "export":
            return _exported(connection, options)
        try:
            return self._imported(connection, options)
        except ConfigWrong as error:
            raise BadUse(str(error)) from error

    def _imported(self, connection: Connection, options: dict[str, Any]) -> Answer:
        by = actor_of(options, connection.company)
        config = read(_parsed(options["file"]), connection)
        if options["refresh"] and options["dry_run"]:
            _refuse_to_foresee(connection, config)
        elif options["refresh"]:
            fields.want(connection, config, by=by)
            run = _refreshed(connection, config, by)
            if run.state != SyncRun.State.DONE:
                return why_not_read(run)
        with self.undone_in_a_dry_run(options):
            return _told(bring_in(connection, config, by=by, confirmed=options["confirmed"]))


def _refuse_to_foresee(connection: Connection, config: Config) -> None:
    """A dry run reads nothing, so nobody knows whom a rule on a new field would fit."""
    if places := fields.not_read(connection, config):
        raise ConfigWrong(
            [
                f"{place}: {field} is not read from Salesforce yet; without --dry-run it would be"
                " read first"
                for field, place in places.items()
            ]
        )


def _refreshed(connection: Connection, config: Config, by: User | None) -> SyncRun:
    """A refresh that was under way already may not bring the new fields: then another one does."""
    run = refresh_now(request_refresh(connection, by=by))
    connection.refresh_from_db()
    if run.state == SyncRun.State.DONE and fields.not_read(connection, config):
        run = refresh_now(request_refresh(connection, by=by))
    return run


def _exported(connection: Connection, options: dict[str, Any]) -> Answer:
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
        return json.loads(_text(file))
    except OSError as error:
        raise BadUse(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadUse(f"{file} is not JSON: {error}.") from error
    except RecursionError as error:
        raise BadUse(f"{file} is not a configuration: it is nested too deeply.") from error


def _text(file: str) -> str:
    """Notepad begins a file with a mark that is no part of the text."""
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    return text.removeprefix("\ufeff")


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadUse(f"{file} cannot be written: {error.strerror}.") from error
