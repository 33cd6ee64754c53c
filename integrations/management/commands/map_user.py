from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, ClassVar

from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import (
    account_of,
    add_connection_arguments,
    add_required_actor_argument,
    connection_of,
    required_actor_of,
    salesforce_id_of,
)
from integrations.management.shown_plan import shown_result
from integrations.user_sync import manual


class Command(ScriptableCommand):
    help = "Maps one Salesforce user to one account, by hand; no other approach changes it then."
    asks_salesforce: ClassVar[bool] = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("person", help="id, username or e-mail of the Salesforce user")
        parser.add_argument("account", metavar="EMAIL", help="of the account here")
        add_connection_arguments(parser)
        add_required_actor_argument(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        connection = connection_of(options)
        by = required_actor_of(options, connection.company)
        account = account_of(connection.company, options["account"])
        salesforce_id = salesforce_id_of(connection, options["person"])
        # Whom the mirror has not seen is asked for here, outside the transaction of a dry run.
        person = manual.look_up(connection, salesforce_id=salesforce_id)
        with self.undone_in_a_dry_run(options):
            return shown_result(
                manual.map_account(
                    connection, salesforce_id=person.salesforce_id, account=account, by=by
                )
            )
