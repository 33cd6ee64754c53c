from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, ClassVar

from integrations.connecting.check import check
from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import add_connection_arguments, connection_of


class Command(ScriptableCommand):
    help = (
        "Asks Salesforce now whether the connecting user may see what is needed, and sets the"
        " connection's state by it. Fails where something is broken."
    )
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        connection = connection_of(options)
        check(connection.pk)
        connection.refresh_from_db()
        findings = connection.check_findings
        errors = [finding["title"] for finding in findings if finding["level"] == "error"]
        return Answer(
            {
                "connection": connection.pk,
                "state": connection.state,
                "reason": connection.state_reason,
                "findings": findings,
            },
            [
                f"{connection}: {connection.get_state_display().lower()}",
                *(_in_words(finding) for finding in findings),
            ],
            failure="; ".join(errors),
        )


def _in_words(finding: dict[str, str]) -> str:
    if finding["level"] == "good":
        return f"ok       {finding['title']}"
    return f"{finding['level']:8} {finding['title']}. {finding['breaks']} {finding['fix']}"
