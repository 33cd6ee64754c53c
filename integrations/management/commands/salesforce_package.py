from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.management.exit_codes import BAD_USE
from integrations.models import Connection
from integrations.salesforce_package.writing import PLACEHOLDER_KEY, CannotWrite, write_package


class Command(BaseCommand):
    help = "Writes the Salesforce DX project with the tab, for the admin of an org to deploy."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.BASE_URL, help="where people reach this site")
        parser.add_argument(
            "--connection", metavar="KEY", help="the connection's public key; else a placeholder"
        )
        parser.add_argument("--contact", metavar="E-MAIL", default="admin@example.com")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        key = options["connection"]
        if key and not Connection.objects.filter(key=key).exists():
            raise CommandError(
                f"There is no connection with the key “{key}”. Its page in the admin shows it.",
                returncode=BAD_USE,
            )
        try:
            written = write_package(
                options["out"],
                url=options["url"],
                key=key or PLACEHOLDER_KEY,
                contact=options["contact"],
            )
        except CannotWrite as error:
            raise CommandError(str(error), returncode=BAD_USE) from error
        except OSError as error:
            words = f"{options['out']} cannot be written: {error.strerror}."
            raise CommandError(words, returncode=BAD_USE) from error
        self.stdout.write(f"{len(written)} files are in {options['out']}; README.md says how on.")
        if not key:
            self.stdout.write(
                f"Replace {PLACEHOLDER_KEY} in the canvas settings, or give --connection."
            )
