"""Running a command as a shell does: what it prints, and its exit code."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any

from django.core.management import CommandError, call_command, get_commands, load_command_class


@dataclass
class Ran:
    code: int
    out: str
    error: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """The answer of ``--json``: all that was printed, and nothing else."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


def run(command: str, *args: object) -> Ran:
    out, words = io.StringIO(), [str(arg) for arg in args]
    if refused := _refused_by_parser(command, words):
        return refused
    try:
        call_command(command, *words, stdout=out)
    except SystemExit as ended:
        return Ran(int(ended.code or 0), out.getvalue())
    except CommandError as error:
        failed = Ran(error.returncode, out.getvalue(), str(error))
    else:
        return Ran(0, out.getvalue())
    assert "\n" not in failed.error, "an error is one line"
    return failed


def _refused_by_parser(name: str, words: list[str]) -> Ran | None:
    """What argparse says of the options; `call_command` has an error of its own for them."""
    command = load_command_class(get_commands()[name], name)
    command._called_from_command_line = True  # type: ignore[attr-defined]  # as `manage.py` does
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            command.create_parser("manage.py", name).parse_args(words)
    except SystemExit as ended:
        return Ran(int(ended.code or 0), "", told.getvalue().splitlines()[-1])
    return None


def run_json(command: str, *args: object) -> Ran:
    ran = run(command, *args, "--json")
    assert ran.values is not None
    return ran
