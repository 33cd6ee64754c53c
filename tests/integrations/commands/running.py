"""Running a command as a shell does: what it prints, and its exit code."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from django.core.management import CommandError, call_command


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
    out = io.StringIO()
    try:
        call_command(command, *(str(arg) for arg in args), stdout=out)
    except SystemExit as ended:
        return Ran(int(ended.code or 0), out.getvalue())
    except CommandError as error:
        failed = Ran(error.returncode, out.getvalue(), str(error))
    else:
        return Ran(0, out.getvalue())
    assert "\n" not in failed.error, "an error is one line"
    return failed


def run_json(command: str, *args: object) -> Ran:
    ran = run(command, *args, "--json")
    assert ran.values is not None
    return ran
