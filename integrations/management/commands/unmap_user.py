from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import (
    add_connection_arguments,
    add_required_actor_argument,
    connection_of,
    required_actor_of,
    salesforce_id_of,
)
from integrations.management.shown_plan import shown_result
from integrations.user_sync import manual


class Command(ScriptableCommand):
    help = (
        "Removes the mapping of one Salesforce user; no run links them again until a person does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("person", help="id, username or e-mail of the Salesforce user")
        parser.add_argument("--reason", required=True, help="for whoever looks at this later")
        add_connection_arguments(parser)
        add_required_actor_argument(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        connection = connection_of(options)
        plan = manual.unlink(
            connection,
            salesforce_id=salesforce_id_of(connection, options["person"]),
            reason=options["reason"],
            by=required_actor_of(options, connection.company),
        )
        return shown_result(plan)
