from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.embedded_postgres import EmbeddedPostgresError
from integrations.demo import launch
from integrations.demo.errors import DemoError


class Command(BaseCommand):
    help = "Run everything on this machine, connected to a local demo org. Ctrl-C ends all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of this site")
        parser.add_argument("--org-port", type=int, default=8400, help="of the demo org")
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.BASE_DIR / "demo-data",
            help="where the demo keeps its database, secrets and logs (default: demo-data)",
        )
        parser.add_argument(
            "--data", type=Path, help="a folder of CSV files that the demo org is made from"
        )
        parser.add_argument(
            "--keep-dates", action="store_true", help="leave the dates in the CSV files as they are"
        )
        parser.add_argument(
            "--live",
            action="store_true",
            help="let the demo org's people sell: a change each few seconds",
        )
        parser.add_argument(
            "--reset", action="store_true", help="start over: forget all data of the last demo"
        )
        parser.add_argument(
            "--ready-file", type=Path, help="a file to write addresses and log-ins to, as JSON"
        )

    def handle(self, **options: Any) -> None:
        try:
            launch.run(
                launch.Options(
                    port=options["port"],
                    org_port=options["org_port"],
                    folder=options["folder"].resolve(),
                    data=options["data"] and options["data"].resolve(),
                    keep_dates=options["keep_dates"],
                    live=options["live"],
                    reset=options["reset"],
                    ready_file=options["ready_file"] and options["ready_file"].absolute(),
                ),
                say=self.say,
            )
        except launch.StopRequested:
            self.stdout.write("The demo has stopped.")
        except (DemoError, EmbeddedPostgresError, OSError) as error:
            raise CommandError(str(error)) from error

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
